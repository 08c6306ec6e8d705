"""Every policy that searches, with settings under which it soon ends."""

import hashlib
from collections.abc import Sequence

from langchain_core.messages import BaseMessage

from refinegraph.agents.models import Sampling, ScriptedChatModel
from refinegraph.graphs.policies import (
    ab_mcts,
    archive,
    bandit,
    beam,
    best_first,
    beta,
    each_with_others,
    from_all,
    from_each,
    is_complete,
    move,
    multinomial,
    particles,
    schedule,
    supervised,
    tournament,
    uct,
)
from refinegraph.graphs.policies.base import Policy
from refinegraph.graphs.policies.waves import Wave

MOST = 14


def fickle(messages: Sequence[BaseMessage], sampling: Sampling) -> str:
    """Choose an item that depends only on the prompt."""
    prompt = str(messages[-1].content)
    items = [line[2:].partition(":")[0] for line in prompt.splitlines() if line.startswith("- ")]
    going_on = [item for item in items if item != "stop"]
    digest = hashlib.sha256(prompt.encode()).digest()[0]
    return f"CHOICE: {going_on[digest % len(going_on)]}"


MENU: dict[str, Wave] = {"solve": move("solve", count=2), "refine": from_each("refine", best=2)}
ARMS = {"tree": uct("refine", max_candidates=6), "first": best_first("refine", max_candidates=8)}

POLICIES: dict[str, Policy] = {
    "schedule": schedule(
        move("solve", count=3),
        each_with_others("merge"),
        from_each("refine", best=2),
        from_all("merge"),
    ),
    "uct": uct("refine", roots=2, width=2, max_candidates=MOST),
    "uct in batches": uct("refine", roots=3, width=1, batch=3, max_candidates=MOST),
    "uct by priors": uct("refine", roots=2, width=2, prior="softmax", max_candidates=MOST),
    "mcts self-refine": uct("refine", value="best_child", batch=2, max_candidates=MOST),
    "uct over steps": uct(
        "step", root="step", roots=2, width=2, done=is_complete, max_candidates=MOST
    ),
    "beam": beam("step", keep=2, width=2, max_candidates=MOST),
    "beam to the end": beam("step", keep=2, width=2, max_candidates=99),
    "best_first": best_first("refine", width=2, batch=2, max_candidates=MOST),
    "best_first over steps": best_first("step", root="step", done=is_complete, max_candidates=99),
    "particles": particles("step", n=4, temperature=0.1),
    "particles, multinomial": particles("step", n=4, resample=multinomial, max_candidates=MOST),
    "tournament": tournament(7, max_candidates=MOST),
    "archive": archive(
        {"refine": 1, "merge": 2}, islands=2, migration_interval=2, max_candidates=MOST
    ),
    "ab_mcts": ab_mcts("solve", "refine", max_candidates=MOST),
    "ab_mcts, beta": ab_mcts(
        "solve", "refine", belief=beta(), batch=2, seed=3, max_candidates=MOST
    ),
    "bandit": bandit(ARMS, max_candidates=MOST),
    "bandit, thompson": bandit(ARMS, rule="thompson", seed=2, max_candidates=99),
    "bandit of bandits": bandit(
        {"a": bandit(ARMS), "b": schedule(move("solve"))}, max_candidates=MOST
    ),
    "supervised": supervised(ScriptedChatModel(fickle), MENU, max_candidates=MOST),
}
