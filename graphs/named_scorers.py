"""Scorers by name, for the command line and files: `judge:MODEL`, `prm:http://…`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from refinegraph.graphs.parts import Named, target
from refinegraph.values import UnfitValue, Value, nearest

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from refinegraph.tools.scorers import Scorer


class ScorerPart(NamedTuple):
    """A scorer that can be selected by name."""

    name: str
    target: str
    summary: str
    takes: str = ""
    """What follows the name after a colon, in brackets if optional."""

    @property
    def usage(self) -> str:
        """The notation of the scorer, such as `judge[:MODEL]`."""
        if not self.takes:
            return self.name
        optional = self.takes.startswith("[")
        return f"{self.name}[:{self.takes[1:]}" if optional else f"{self.name}:{self.takes}"


SCORERS = (
    ScorerPart("execution", "tools.scorers:execution", "share of visible tests passed"),
    ScorerPart("agreement", "tools.scorers:agreement", "share of the pool that agrees"),
    ScorerPart(
        "self-certainty", "tools.scorers:self_certainty", "certainty from log-probabilities"
    ),
    ScorerPart(
        "step-certainty", "tools.scorers:step_certainty", "certainty of every line of a program"
    ),
    ScorerPart("judge", "agents.judges.judge:Judge", "a chat model scores the solution", "[MODEL]"),
    ScorerPart(
        "step-judge", "agents.judges.judge:StepJudge", "a chat model scores each step", "[MODEL]"
    ),
    ScorerPart(
        "answer-first-judge",
        "agents.judges.judge:AnswerFirstJudge",
        "a chat model compares with its own answer",
        "[MODEL]",
    ),
    ScorerPart(
        "checklist-judge",
        "agents.judges.checklist:ChecklistJudge",
        "a chat model answers a checklist",
        "[MODEL]",
    ),
    ScorerPart(
        "pairwise-judge",
        "agents.judges.pairwise:PairwiseJudge",
        "a chat model compares solutions in pairs",
        "[MODEL]",
    ),
    ScorerPart("p-true", "agents.judges.p_true:p_true", 'the probability of "True"', "[MODEL]"),
    ScorerPart(
        "orm", "tools.scorers:RewardModel", "a served outcome reward model", "URL/MODEL[#FORMAT]"
    ),
    ScorerPart(
        "prm", "tools.scorers:RewardModel", "a served process reward model", "URL/MODEL[#FORMAT]"
    ),
)

_SCORERS = {scorer.name: scorer for scorer in SCORERS}


class ScorerNames(Value):
    """Scorers, or their names separated by commas."""

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


def build_scorer(
    text: str, *, judge: "BaseChatModel", resolve: "Callable[[str], BaseChatModel]"
) -> "Scorer":
    """Return the scorer for a name such as `judge`, `judge:MODEL` or `prm:URL/MODEL`.

    Args:
        text: The name, optionally with a colon and an argument.
        judge: The judge model if `text` names none.
        resolve: Returns the chat model for a name.
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
        names = ", ".join(_SCORERS)
        raise UnfitValue(
            f"names no scorer: {name!r}{nearest(name, list(_SCORERS))}; known: {names}"
        )
    if rest and not part.takes:
        raise UnfitValue(f"has {rest!r} after {name!r}, which takes no argument")
    if part.takes.startswith("URL"):
        _served(name, rest)
    return part


def _served(kind: str, rest: str) -> tuple[str, str, str]:
    """Split `http://HOST:PORT/MODEL#FORMAT`, with an optional `/v1` before the model."""
    address, _, form = rest.partition("#")
    scheme, slashes, location = address.partition("://")
    host, _, model = location.partition("/")
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
"""Request formats of process reward models, by a word in their names; the default is Qwen's."""
