"""Routers, stop rules, selectors, policies and scorers by name, for the command line and files.

The tables below are the only place that knows the names. Texts such as
`rounds(3) | budget(tokens=20_000)` are parsed, never evaluated: a call of a rule in the table with
literal numbers, `|`, `&`, `~` and parentheses, nothing else.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from refinegraph.graphs.parts import Named, Parameter, Part, build, target
from refinegraph.values import Number, UnfitValue, Value, nearest

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from refinegraph.graphs.policies.base import Policy
    from refinegraph.graphs.stopping import StopRule
    from refinegraph.graphs.strategies import Plan
    from refinegraph.tools.scorers import Scorer

_COUNT = Number("N", whole=True, least=1)
_FROM_ZERO = Number("N", whole=True, least=0)
_SHARE = Number("X", least=0, most=1)
_AMOUNT = Number("X", above=0)


class ScorerPart(NamedTuple):
    """A scorer that a name stands for."""

    name: str
    target: str
    summary: str
    takes: str = ""
    """What follows the name after a colon; in brackets where it may be left out."""

    @property
    def usage(self) -> str:
        """How it is written, such as `judge[:MODEL]`."""
        if not self.takes:
            return self.name
        optional = self.takes.startswith("[")
        return f"{self.name}[:{self.takes[1:]}" if optional else f"{self.name}:{self.takes}"


STOP_RULES = (
    Part("accepted", "graphs.stopping:accepted", "a candidate passes every visible test"),
    Part(
        "rounds",
        "graphs.stopping:rounds",
        "N rounds of refinement are done",
        (Parameter("limit", _FROM_ZERO, required=True, positional=True),),
    ),
    Part(
        "stalled",
        "graphs.stopping:stalled",
        "the best score did not rise for N rounds",
        (
            Parameter("patience", _COUNT, required=True, positional=True),
            Parameter("minimum_gain", Number("X")),
        ),
    ),
    Part("oscillating", "graphs.stopping:oscillating", "a round repeated earlier candidates only"),
    Part(
        "same_failure",
        "graphs.stopping:same_failure",
        "every repair failed as its ancestors did, N times in a row",
        (Parameter("times", Number("N", whole=True, least=2), positional=True),),
    ),
    Part(
        "budget",
        "graphs.stopping:budget",
        "so much is spent: usd, tokens, calls or seconds",
        (
            Parameter("usd", _AMOUNT),
            Parameter("tokens", _COUNT),
            Parameter("calls", _COUNT),
            Parameter("seconds", _AMOUNT),
        ),
    ),
)

ROUTERS = (
    Part(
        "agreement",
        "graphs.routing:AgreementRouter",
        "easy when enough samples agree",
        (Parameter("threshold", _SHARE),),
    ),
    Part("verdict", "graphs.routing:VerdictRouter", "easy when a candidate passes every test"),
    Part(
        "magicore",
        "graphs.routing:MagicoreRouter",
        "the two conditions of MAgICoRe (arXiv 2409.12147)",
        (
            Parameter("mean", Number("X")),
            Parameter("deviation", _AMOUNT),
            Parameter("quality", Number("X")),
            Parameter("confidence", Number("X")),
        ),
    ),
    Part("always-easy", "graphs.routing:AlwaysEasy", "nothing is refined"),
    Part("always-hard", "graphs.routing:AlwaysHard", "every problem is refined"),
)

SELECTORS = (
    Part("best-of", "graphs.selection:best_of", "the candidate with the best evidence"),
    Part("majority-vote", "graphs.selection:majority_vote", "the answer that most candidates give"),
    Part(
        "weighted-vote",
        "graphs.selection:weighted_vote",
        "the answer with the largest sum of scores",
        (Parameter("top", _COUNT),),
    ),
    Part("agreement", "graphs.selection:agreement", "the program that agrees with most others"),
    Part("latest", "graphs.selection:latest", "the last refinement"),
)

POLICIES = (
    Part(
        "refine-loop",
        "graphs.policies.refine_loop:RefineLoop",
        "route, then refine until a stop rule fires",
    ),
    Part(
        "execution-gain",
        "graphs.policies.execution_gain:ExecutionGain",
        "weigh samples against repairs",
    ),
    Part(
        "expected-gain",
        "graphs.policies.expected_gain:ExpectedGain",
        "spend while the gain is worth it",
    ),
)

SCORERS = (
    ScorerPart("execution", "tools.scorers:execution", "share of visible tests passed"),
    ScorerPart("agreement", "tools.scorers:agreement", "share of the pool that agrees"),
    ScorerPart(
        "self-certainty", "tools.scorers:self_certainty", "certainty from log-probabilities"
    ),
    ScorerPart("judge", "agents.judge:Judge", "a chat model scores the solution", "[MODEL]"),
    ScorerPart("step-judge", "agents.judge:StepJudge", "a chat model scores each step", "[MODEL]"),
    ScorerPart(
        "answer-first-judge",
        "agents.judge:AnswerFirstJudge",
        "a chat model compares with its own answer",
        "[MODEL]",
    ),
    ScorerPart(
        "checklist-judge",
        "agents.checklist_judge:ChecklistJudge",
        "a chat model answers a checklist",
        "[MODEL]",
    ),
    ScorerPart(
        "pairwise-judge",
        "agents.pairwise_judge:PairwiseJudge",
        "a chat model compares solutions in pairs",
        "[MODEL]",
    ),
    ScorerPart("p-true", "agents.truth:p_true", 'the probability of "True"', "[MODEL]"),
    ScorerPart(
        "orm", "tools.scorers:RewardModel", "a served outcome reward model", "URL/MODEL[#FORMAT]"
    ),
    ScorerPart(
        "prm", "tools.scorers:RewardModel", "a served process reward model", "URL/MODEL[#FORMAT]"
    ),
)

PROMPT_SETS = ("standard", "compact", "embedded")
"""Names of the sets in `refinegraph.agents.prompts`."""

_SCORERS = {scorer.name: scorer for scorer in SCORERS}


class StopExpression(Named):
    """A stop rule, or a text such as `rounds(3) | accepted()`."""

    def __init__(self) -> None:
        super().__init__("stop rule", STOP_RULES, "RULE")

    def check(self, value: Any) -> Any:
        """Return the object; a text as the rule that it stands for prints itself."""
        return repr(parse_stop(value)) if isinstance(value, str) else super().check(value)

    def build(self, value: Any) -> Any:
        """Return the rule."""
        return parse_stop(value) if isinstance(value, str) else value


class ScorerNames(Value):
    """Scorers, or their names joined by commas."""

    metavar = "NAME,…"

    def check(self, value: Any) -> Any:
        """Return a tuple of names and objects."""
        parts = value.split(",") if isinstance(value, str) else value
        if callable(parts):
            return (parts,)
        if not isinstance(parts, list | tuple) or not parts:
            raise UnfitValue("is neither a scorer nor a list of such")
        return tuple(map(self._checked, cast("list[Any]", parts)))

    def _checked(self, part: Any) -> Any:
        if not isinstance(part, str):
            return Named("scorer", ()).check(part)
        name, _, rest = part.strip().partition(":")
        _find_scorer(name, rest)
        return part.strip()


def parse_stop(text: str) -> "StopRule":
    """Return the stop rule that a text stands for; raises `UnfitValue`.

    >>> parse_stop("rounds(3)|(accepted() & ~budget(tokens=20_000))")
    rounds(3) | accepted() & ~budget(tokens=20000)
    """
    rule: StopRule = build(text, "stop rule", STOP_RULES, combines=True)
    return rule


def build_policy(name: str, plan: "Plan") -> "Policy":
    """Return the policy of that name, with the sizes and rules of a plan."""
    from refinegraph.graphs.policies.refine_loop import RefineLoop
    from refinegraph.graphs.routing import VerdictRouter
    from refinegraph.graphs.stopping import accepted, rounds
    from refinegraph.graphs.strategies.adaptive import policy_for_answers, policy_for_code

    max_candidates = plan.samples or 10
    if name == "execution-gain":
        return policy_for_code(plan, max_candidates)
    if name == "expected-gain":
        return policy_for_answers(plan, max_candidates)
    limit = 3 if plan.rounds is None else plan.rounds
    stop = plan.stop_rule(accepted() | rounds(limit))
    return RefineLoop(router=plan.router or VerdictRouter(), stop=stop)


def build_scorer(
    text: str, *, judge: "BaseChatModel", resolve: "Callable[[str], BaseChatModel]"
) -> "Scorer":
    """Return the scorer of a name such as `judge`, `judge:MODEL` or `prm:URL/MODEL`.

    Args:
        text: The name, with what follows it after a colon.
        judge: The model that judges where none is named.
        resolve: Returns the chat model of a name.
    """
    name, _, rest = text.strip().partition(":")
    part = _find_scorer(name, rest)
    make = target(part.target)
    if part.takes.startswith("URL"):
        url, model, form = _served(name, rest)
        scorer: Scorer = make(url, model, format=form)
    elif part.takes:
        scorer = make(resolve(rest) if rest else judge)
    else:
        scorer = make()
    return scorer


def _find_scorer(name: str, rest: str) -> ScorerPart:
    part = _SCORERS.get(name)
    if part is None:
        known = ", ".join(_SCORERS)
        raise UnfitValue(
            f"names no scorer: {name!r}{nearest(name, list(_SCORERS))}; known: {known}"
        )
    if rest and not part.takes:
        raise UnfitValue(f"says {rest!r} of {name!r}, which takes nothing")
    if part.takes.startswith("URL"):
        _served(name, rest)
    return part


def _served(kind: str, rest: str) -> tuple[str, str, str]:
    """Split `http://HOST:PORT/MODEL#FORMAT`, where `/v1` may stand before the model."""
    address, _, form = rest.partition("#")
    scheme, slashes, where = address.partition("://")
    host, _, model = where.partition("/")
    model = model.removeprefix("v1/").strip("/")
    if scheme not in ("http", "https") or not slashes or not host or "@" in host:
        raise UnfitValue(f"needs an address, such as {kind}:http://127.0.0.1:8000/MODEL")
    if not model or model == "v1":
        raise UnfitValue(f"names no model after the address; write {kind}:{address}/MODEL")
    return f"{scheme}://{host}", model, form or _usual_format(kind, model.lower())


def _usual_format(kind: str, model: str) -> str:
    if kind == "orm":
        return "outcome"
    return next(
        (form for word, form in _STEP_FORMATS.items() if word in model),
        "qwen-prm",
    )


_STEP_FORMATS = {"shepherd": "math-shepherd", "skywork": "skywork-prm"}
"""How process reward models are asked, by a word in their names; others are asked as Qwen's."""
