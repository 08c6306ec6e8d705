"""Every run ends with its best answer, or with a named error where no answer was ever given.

Models, scorer, sandbox, budgets and deadline fail at arbitrary calls in every declared way.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage
from pydantic import PrivateAttr

from refinegraph.agents.models import Choice, Ledger, Sampling, ScriptedChatModel
from refinegraph.agents.models.types import Completion
from refinegraph.errors import (
    BudgetExceeded,
    ContextTooLong,
    DeadlineExceeded,
    ModelError,
    ModelRequestRefused,
    RefinegraphError,
    SandboxUnavailable,
)
from refinegraph.graphs.strategies import STRATEGIES, Plan, build_strategy
from refinegraph.runs.runner import run_graph
from refinegraph.schema import (
    Candidate,
    Problem,
    RefinementResult,
    Score,
    Verdict,
)
from refinegraph.testing import FakeSandbox, SandboxRun, sandbox_failure

HANG = 120.0
"""The duration of a hanging call in seconds; `LATE` detects a run that waits for one."""
TIMEOUT = 0.5
"""The deadline of a run in seconds: enough on a busy machine for everything but hanging calls."""
LATE = 60.0
"""Seconds beyond the deadline after which a run counts as stuck, on a busy machine."""

MODEL_ERRORS = (
    ModelError("The model kept failing."),
    ModelRequestRefused("The provider refused the request."),
    ContextTooLong("The prompt does not fit."),
    BudgetExceeded("The budget is spent."),
    DeadlineExceeded("The time is up."),
)
SCORER_ERRORS = (ModelError("The scorer's model failed."), DeadlineExceeded("The time is up."))

Event = str | RefinegraphError
"""The event at a call: a word for an answer, or an error."""

ANSWERS = st.sampled_from(["right", "wrong", "same", "empty", "hang"])


class Script:
    """The events at the calls of one part; after them, every answer is good."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events: Iterator[Event] = itertools.chain(events, itertools.repeat("wrong"))
        self.happened: list[Event] = []

    def next(self) -> Event:
        event = next(self._events)
        self.happened.append(event)
        return event


class UnsteadyModel(ScriptedChatModel):
    """A model whose calls follow a script, and which counts the ones that it answered."""

    _events: Script = PrivateAttr()
    _role: str = PrivateAttr()
    _kind: str = PrivateAttr()
    _hangs: bool = PrivateAttr()
    _answered: int = PrivateAttr(default=0)
    _usable: int = PrivateAttr(default=0)
    _written: Iterator[int] = PrivateAttr(default_factory=itertools.count)

    def __init__(self, role: str, events: Sequence[Event], *, kind: str, hangs: bool) -> None:
        super().__init__([], name=role, usd_per_token=0.001)
        self._role, self._kind, self._hangs = role, kind, hangs
        self._events = Script(events)

    @property
    def answered(self) -> int:
        """The number of answered requests."""
        return self._answered

    @property
    def gave_an_answer(self) -> bool:
        """Whether any of its answers contains a solution."""
        return self._role in ("solver", "refiner") and self._usable > 0

    async def ask(
        self, messages: Sequence[BaseMessage], *, n: int, sampling: Sampling
    ) -> Completion:
        texts = [await self._text() for _ in range(n)]
        self._answered += 1
        self._usable += sum(map(bool, texts))
        return Completion(tuple(Choice(text=text, finish_reason="stop") for text in texts))

    async def _text(self) -> str:
        event = self._events.next()
        if isinstance(event, RefinegraphError):
            raise type(event)(*event.args)
        if event == "hang" and self._hangs:
            await asyncio.sleep(HANG)
        if event == "empty":
            return ""
        if self._role == "reviewer":
            return "VERDICT: wrong\nSTEP: the last\nCHANGE: think again"
        if self._role == "tester":
            return "assert f(1) == 2\nassert f(2) == 3"
        number = 0 if event == "same" else next(self._written)
        if self._kind == "math":
            return f"The answer is \\boxed{{{number}}}."
        return f"```python\ndef f(x):\n    return x + {number}  # {event}\n```"


def unsteady_sandbox(events: Sequence[str]) -> FakeSandbox:
    """Return a sandbox that trusts a comment in the program, or fails by a script."""
    script = Script(events)

    def judge(run: SandboxRun) -> bool | Verdict:
        event = script.next()
        if event == "unavailable":
            raise SandboxUnavailable("No sandbox is to be had.")
        return sandbox_failure() if event == "sandbox_error" else "# right" in run.source

    return FakeSandbox(judge)


class UnsteadyScorer:
    """A scorer that fails by a script."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.script = Script(events)

    async def __call__(self, problem: Problem, candidates: Sequence[Candidate]) -> list[Score]:
        event = self.script.next()
        if isinstance(event, RefinegraphError):
            raise type(event)(*event.args)
        values = {"right": 1.0, "wrong": 0.0}
        return [Score(scorer="unsteady", value=values.get(event)) for _ in candidates]


@dataclass
class World:
    """Everything on which a run depends, with the ways in which it fails."""

    problem: Problem
    models: dict[str, list[Event]]
    sandbox: list[str]
    scorer: list[Event] | None
    usd: float | None
    tokens: int | None
    calls: int | None
    timeout: float | None
    samples: int | None
    rounds: int | None
    made: dict[str, UnsteadyModel] = field(default_factory=dict[str, UnsteadyModel], repr=False)

    def run(self, strategy: str) -> "Outcome":
        return asyncio.run(self._run(strategy))

    async def _run(self, strategy: str) -> "Outcome":
        for role, events in self.models.items():
            kind, hangs = self.problem.kind, self.timeout is not None
            self.made[role] = UnsteadyModel(role, events, kind=kind, hangs=hangs)
        plan = Plan(
            model=self.made["solver"],
            reviewer_model=self.made["reviewer"],
            refiner_model=self.made["refiner"],
            tester_model=self.made["tester"],
            kind=self.problem.kind,
            samples=self.samples,
            rounds=self.rounds,
            sandbox=unsteady_sandbox(self.sandbox),
            scorer=None if self.scorer is None else UnsteadyScorer(self.scorer),
        )
        began, result, error = time.monotonic(), None, None
        try:
            result = await run_graph(
                build_strategy(strategy, plan),
                self.problem,
                timeout=self.timeout,
                ledger=Ledger(usd=self.usd, tokens=self.tokens, calls=self.calls),
            )
        except RefinegraphError as raised:
            error = raised
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        return Outcome(result, error, time.monotonic() - began, len(left))


class Outcome(NamedTuple):
    """The outcome of a run."""

    result: RefinementResult | None
    error: RefinegraphError | None
    seconds: float
    tasks_left: int


def model_events(*, most: int) -> st.SearchStrategy[list[Event]]:
    return st.lists(st.one_of(ANSWERS, ANSWERS, st.sampled_from(MODEL_ERRORS)), max_size=most)


PROBLEMS = st.sampled_from(
    [
        Problem(prompt="Write f(x).", tests="assert f(1) == 2\nassert f(2) == 3"),
        Problem(prompt="Write f(x)."),
        Problem(prompt="What is 3 + 4?", kind="math"),
    ]
)
WORLDS = st.builds(
    World,
    problem=PROBLEMS,
    models=st.fixed_dictionaries(
        {
            "solver": model_events(most=12),
            "reviewer": model_events(most=6),
            "refiner": model_events(most=6),
            "tester": model_events(most=2),
        }
    ),
    sandbox=st.lists(
        st.sampled_from(["runs", "runs", "runs", "sandbox_error", "unavailable"]), max_size=12
    ),
    scorer=st.none()
    | st.lists(
        st.one_of(st.sampled_from(["right", "wrong", "unknown"]), st.sampled_from(SCORER_ERRORS)),
        max_size=6,
    ),
    usd=st.none() | st.floats(0, 2),
    tokens=st.none() | st.integers(0, 2_000),
    calls=st.none() | st.integers(0, 12),
    timeout=st.sampled_from([None, None, None, TIMEOUT]),
    samples=st.none() | st.integers(1, 4),
    rounds=st.none() | st.integers(0, 4),
)


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(world=WORLDS)
def test_every_run_ends_with_its_best_answer_or_a_named_error(strategy: str, world: World) -> None:
    outcome = world.run(strategy)
    assert outcome.tasks_left == 0
    assert outcome.seconds < (world.timeout or 0.0) + LATE
    answered = any(model.gave_an_answer for model in world.made.values())
    if outcome.result is None:
        # Where no program can be run at all, this is a result that was asked for.
        assert not answered or isinstance(outcome.error, SandboxUnavailable), repr(outcome.error)
        return
    assert (outcome.result.answer is not None) or not answered
    requests = {role: model.answered for role, model in world.made.items()}
    assert outcome.result.usage.llm_calls == sum(requests.values()), requests
