"""The data that every part of refinegraph shares.

All models are frozen and reject unknown fields, so that a value can be passed between
parallel branches, stored and compared without anyone changing it behind another's back.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 2
"""Version of the JSON that `RefinementResult.report` produces."""

Kind = Literal["code", "math", "choice", "text"]
"""What sort of answer a problem asks for."""

Origin = Literal["given", "statement", "generated"]
"""Where a visible test came from: the caller, an example in the statement, or a model."""

Role = Literal["solver", "refiner", "person"]
"""Who wrote a candidate, as coarsely as reports need it; `Candidate.operator` says exactly."""

Action = Literal["sample", "refine", "stop"]
"""What a decision amounts to: fresh candidates, moves from earlier ones, or the end."""

CaseStatus = Literal[
    "passed",
    "failed",
    "error",
    "timeout",
    "cpu_exceeded",
    "memory_exceeded",
    "output_exceeded",
    "crashed",
    "early_exit",
    "unserializable",
    "protocol_violation",
    "not_run",
]
"""How one test ended."""

VerdictStatus = Literal[
    "passed",
    "failed",
    "error",
    "timeout",
    "cpu_exceeded",
    "memory_exceeded",
    "output_exceeded",
    "crashed",
    "early_exit",
    "unserializable",
    "protocol_violation",
    "sandbox_error",
]
"""How a whole run ended; `sandbox_error` is the sandbox's fault and never the program's."""

Tier = Literal["strong", "medium", "docker", "weak", "none"]
"""How well a run was isolated, strongest first."""

Integrity = Literal["isolated", "inprocess"]
"""Where the verdict was computed; `inprocess` verdicts can be forged by the program."""


class Frozen(BaseModel):
    """A value that can not be changed and has no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _fields_with(data: object, *names: str) -> dict[str, Any] | None:
    """Return a copy of the fields where they have one of the names; None otherwise."""
    if not isinstance(data, Mapping):
        return None
    fields = dict(cast("Mapping[str, Any]", data))
    return fields if any(name in fields for name in names) else None


class AssertCase(Frozen):
    """A visible test written as Python source: assert lines or one `def test_*` function."""

    form: Literal["assert"] = "assert"
    id: str
    """Unique among the tests of one problem."""
    source: str
    """The statements to execute beside the candidate's program."""
    origin: Origin = "given"


class CallCase(Frozen):
    """A visible test that calls one function and compares what it returns."""

    form: Literal["call"] = "call"
    id: str
    """Unique among the tests of one problem."""
    entry_point: str
    """The function to call."""
    arguments: str
    """The positional arguments as the source of a Python tuple literal: `"(1, 2)"`."""
    expected: str
    """The expected value as the source of a Python literal: `"3"`."""
    origin: Origin = "given"


class StdioCase(Frozen):
    """A visible test that feeds standard input and compares standard output."""

    form: Literal["stdio"] = "stdio"
    id: str
    """Unique among the tests of one problem."""
    stdin: str
    stdout: str
    """Compared after trailing blanks of every line and trailing empty lines are removed."""
    origin: Origin = "given"


VisibleTest = Annotated[AssertCase | CallCase | StdioCase, Field(discriminator="form")]
"""One test that agents may see."""


class Problem(Frozen):
    """What is asked. Holds nothing that an agent may not see."""

    prompt: str
    """The statement, in words."""
    id: str = "problem"
    kind: Kind = "code"
    tests: str = ""
    """Visible tests as text, in any form that `refinegraph.tools.parse_tests` reads."""
    entry_point: str | None = None
    """The function that a code problem asks for, where it is known."""
    preamble: str = ""
    """Source that precedes the body of the answer (imports, signature), as in HumanEval."""


class Gold(Frozen):
    """What decides whether an answer is right, for evaluation only. No agent ever sees it."""

    tests: str = ""
    """Hidden tests, in any form that `refinegraph.tools.parse_tests` reads."""
    answer: str | None = None
    """The reference answer of a problem that is not code."""
    reference: str = ""
    """A reference solution as a whole program, to prove the hidden tests with; empty for none."""


class LabelledProblem(NamedTuple):
    """A problem and, apart from it, what evaluation knows of its answer."""

    problem: Problem
    gold: Gold


class Usage(Frozen):
    """What was spent. Adds exactly, in any order and any grouping."""

    llm_calls: int = 0
    """Requests that a provider answered, each counted once whatever its number of choices."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Those prompt tokens that a server or llama.cpp did not evaluate again; 0 where it does not
    say."""
    priced_usd: float = 0.0
    """Cost in USD of the calls whose price is known, exact to a billionth of a cent."""
    unpriced_calls: int = 0
    """Calls whose price is unknown."""
    retries: int = 0
    """Requests that failed and were sent again."""
    fallbacks: int = 0
    """Requests that another model of the list answered."""
    unparsable: int = 0
    """Answers that were paid for and could not be read."""
    sandbox_runs: int = 0
    wall_seconds: float = 0.0
    """Elapsed seconds of the run; 0 on parts of a run."""

    @property
    def total_tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def cost_usd(self) -> float | None:
        """Cost in USD, None when the price of any call is unknown."""
        return None if self.unpriced_calls else self.priced_usd

    def __add__(self, other: "Usage") -> "Usage":
        """Add field by field, exactly."""
        if other == _NOTHING_SPENT:
            return self
        if self == _NOTHING_SPENT:
            return other
        return Usage(
            llm_calls=self.llm_calls + other.llm_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            priced_usd=_add_decimal(self.priced_usd, other.priced_usd),
            unpriced_calls=self.unpriced_calls + other.unpriced_calls,
            retries=self.retries + other.retries,
            fallbacks=self.fallbacks + other.fallbacks,
            unparsable=self.unparsable + other.unparsable,
            sandbox_runs=self.sandbox_runs + other.sandbox_runs,
            wall_seconds=_add_decimal(self.wall_seconds, other.wall_seconds),
        )


_NOTHING_SPENT = Usage()
_UNITS = 10**11


def _add_decimal(left: float, right: float) -> float:
    """Add in whole units of 1e-11, so that the order of additions does not matter."""
    return (round(left * _UNITS) + round(right * _UNITS)) / _UNITS


class Score(Frozen):
    """One scorer's judgement of one candidate."""

    scorer: str
    value: float | None
    """Higher is better; None where the scorer could not tell."""
    steps: tuple[float, ...] = ()
    """One value a step, where the scorer judges steps."""
    evidence: str = ""


class CaseOutcome(Frozen):
    """What happened on one test."""

    id: str
    """The test's id, or its position where it has none."""
    status: CaseStatus
    call: str = ""
    """What was tested, as source: `f(1, 2)` or `assert f(1, 2) == 3`."""
    expected: str | None = None
    """The expected value as a readable literal, cut to a few hundred characters."""
    got: str | None = None
    """What came instead, likewise."""
    error: str | None = None
    """Exception type and message, where one was raised."""
    traceback: str | None = None
    """Traceback cut to the candidate's own lines."""
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether this test passed."""
        return self.status == "passed"


class Isolation(Frozen):
    """What stood between a program and this machine when it ran."""

    tier: Tier
    layers: tuple[str, ...] = ()
    degraded: tuple[str, ...] = ()
    """Layers that were asked for and could not be had, with the reason."""


class Verdict(Frozen):
    """What execution proved, computed outside the program's process unless `integrity` tells."""

    passed: bool
    status: VerdictStatus
    tests: tuple[CaseOutcome, ...] = ()
    stdout: str = ""
    stderr: str = ""
    isolation: Isolation
    detail: str = ""
    """One sentence that explains a status other than passed or failed."""
    integrity: Integrity = "isolated"
    seconds: float = 0.0

    @property
    def passed_ids(self) -> frozenset[str]:
        """The ids of the tests that passed."""
        return frozenset(outcome.id for outcome in self.tests if outcome.passed)

    @property
    def first_failure(self) -> CaseOutcome | None:
        """The first test that did not pass."""
        return next((outcome for outcome in self.tests if not outcome.passed), None)


class Step(Frozen):
    """One step of a solution, as offsets into the candidate's text."""

    start: int
    end: int


@lru_cache(maxsize=4096)  # merging and ranking ask again for every candidate of a run
def _order_of(id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in id.split("."))


_OPERATOR_OF_ROLE = {"solver": "solve", "refiner": "refine", "person": "person"}


class Candidate(Frozen):
    """One proposed solution, or the part of one that is written so far."""

    id: str
    """`ROUND.NUMBER`: `0.2` is the third sample, `1.0` the first refinement of round one."""
    operator: str = "solve"
    """The name of the operator that made it; `person` for what a person wrote."""
    round: int = 0
    """0 for the first samples, then the round of refinement that made it."""
    turn: int = 0
    """The number of the decision that asked for it."""
    move: int = 0
    """The position of its move in that decision."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it was made from; empty for a fresh sample."""
    text: str
    """What the model wrote, without its thinking."""
    complete: bool = True
    """False for a prefix that is to be continued. It has no answer yet: it is never executed,
    rejected or selected."""
    reasoning: str = ""
    """The model's thinking, kept apart; never shown to another agent."""
    program: str | None = None
    """The whole program, for code."""
    answer: str | None = None
    """The final answer, for every other kind."""
    answer_class: str | None = None
    """Shared by all candidates whose answers are equal, however they are written."""
    unusable: str | None = None
    """Why no program or answer could be read from the text, in one sentence."""
    steps: tuple[Step, ...] = ()
    scores: tuple[Score, ...] = ()
    """In the order of the graph's scorers."""
    verdict: Verdict | None = None
    """What the visible tests that were given, or stand in the statement, proved."""
    generated_passed: tuple[str, ...] | None = None
    """Ids of the generated tests that it passed; None before they were run."""
    tokens: int = 0
    """Completion tokens spent on it."""
    temperature: float | None = None
    certainty: float | None = None
    """How far from guessing the model was while it wrote, in nats, 0 for guesses; None where it
    gave no log-probabilities."""
    revision: int = 0
    """Grows each time scores or verdicts are added; the higher one wins when two are merged."""

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a candidate that version 1 of the schema wrote."""
        fields = _fields_with(data, "role", "parent_id")
        if fields is None:
            return data
        role, parent = fields.pop("role", "solver"), fields.pop("parent_id", None)
        fields.setdefault("operator", _OPERATOR_OF_ROLE.get(role, role))
        fields.setdefault("parents", (parent,) if parent else ())
        return fields

    @property
    def parent_id(self) -> str | None:
        """The first of its parents."""
        return self.parents[0] if self.parents else None

    @property
    def role(self) -> Role:
        """Who wrote it: a person, the Solver, or whoever worked on an earlier candidate."""
        if self.operator == "person":
            return "person"
        return "refiner" if self.parents else "solver"

    @property
    def score(self) -> float | None:
        """The value of the first scorer that could tell."""
        return next((each.value for each in self.scores if each.value is not None), None)

    @property
    def content(self) -> str | None:
        """The program or the answer, whichever the problem asked for."""
        return self.program if self.program is not None else self.answer

    @property
    def order(self) -> tuple[int, ...]:
        """The order in which candidates were asked for, whenever they arrived."""
        return _order_of(self.id)


class Review(Frozen):
    """Targeted feedback on one candidate; never a new solution."""

    candidate_id: str
    round: int
    approves: bool
    """Whether the Reviewer found nothing wrong. An opinion: never counts as proof."""
    wrong_step: str = ""
    """The first wrong step, quoted or named."""
    evidence: str = ""
    """Why it is wrong."""
    change: str = ""
    """What to change."""
    text: str = ""
    """The whole review as the model wrote it."""
    edited: bool = False
    """Whether a person changed it."""
    number: int = 0
    """Tells apart several reviews of one candidate in one round."""
    revision: int = 0
    """Grows each time the review is changed; the higher one wins when two are merged."""


class Note(Frozen):
    """Something worth remembering that is neither a candidate nor a review."""

    kind: Literal["lesson", "episode", "fact", "subproblem", "result"] = "lesson"
    """`subproblem` and `result` are the plan of `stages` and what became of it."""
    text: str
    about: str = ""
    """What it concerns: the id of a candidate, the name of a topic; empty for the whole problem."""


class Feature(Frozen):
    """One number that a decision was made from."""

    name: str
    value: float


class Difficulty(Frozen):
    """A router's decision on whether the problem is worth more effort."""

    level: Literal["easy", "hard"]
    reasons: tuple[str, ...] = ()
    """One sentence each."""
    features: tuple[Feature, ...] = ()
    """The numbers that the decision was made from."""


class StopReason(Frozen):
    """Why the loop ended."""

    rule: str
    """The rule that fired, as one word: `accepted`, `rounds`, `budget`, …"""
    detail: str
    """One sentence with the numbers that the rule saw."""
    observed: float | None = None
    limit: float | None = None


class Move(Frozen):
    """One application of an operator."""

    operator: str
    """The operator's name in the table of the graph."""
    parents: tuple[str, ...] = ()
    """Ids of the candidates that it starts from, in the order in which the operator sees them."""
    count: int = Field(default=1, ge=1)
    """How many candidates are asked for."""
    instruction: str = ""
    """A word to the operator: a persona, a topic, what to change."""
    keep: int | None = Field(default=None, ge=0)
    """How many steps of the first parent a continuation keeps; all of them if None."""


class Decision(Frozen):
    """What the loop does next, and the numbers that say so."""

    number: int = 0
    """Position in the run, from 0."""
    round: int = 0
    moves: tuple[Move, ...] = ()
    """What is made next, side by side; empty exactly where `stop_reason` is set."""
    difficulty: Difficulty | None = None
    features: tuple[Feature, ...] = ()
    """The numbers that chose the moves, where a policy weighs one against another."""
    stop_reason: StopReason | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_version_1(cls, data: object) -> object:
        """Read a decision that version 1 of the schema wrote."""
        fields = _fields_with(data, "action")
        if fields is None:
            return data
        action = fields.pop("action")
        samples, targets = fields.pop("samples", 0), fields.pop("targets", ())
        if action == "sample":
            fields["moves"] = (Move(operator="solve", count=max(1, samples)),)
        elif action == "refine":
            fields["moves"] = tuple(Move(operator="refine", parents=(id,)) for id in targets)
        return fields

    @property
    def action(self) -> Action:
        """Whether it stops, works on earlier candidates, or asks for fresh ones."""
        if self.stop_reason:
            return "stop"
        return "refine" if any(move.parents for move in self.moves) else "sample"

    @property
    def samples(self) -> int:
        """How many fresh candidates are asked for."""
        return sum(move.count for move in self.moves if not move.parents)

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the candidates that are worked on, without repetitions."""
        return tuple(dict.fromkeys(id for move in self.moves for id in move.parents))


class Failure(Frozen):
    """A move that ended without its result, while the run went on."""

    kind: Literal["model", "deadline", "budget"]
    node: str
    round: int
    candidate_id: str | None
    detail: str
    turn: int = 0
    """The number of the decision that asked for it."""
    move: int = 0
    """The position of the move in that decision."""
    error: str = "ModelError"
    """The class of `refinegraph.errors` that was raised."""


class Reversion(Frozen):
    """A refinement that lost something its parent had, and so did not replace it."""

    candidate_id: str
    parent_id: str
    lost: tuple[str, ...] = ()
    """Ids of the visible tests that the parent passed and the refinement did not."""
    reason: str = ""


class Selection(Frozen):
    """The candidate chosen, and why."""

    candidate_id: str | None
    """None where there was no usable candidate."""
    reason: str


class ModelNames(Frozen):
    """The model behind each role; None where a role was not used."""

    solver: str | None = None
    reviewer: str | None = None
    refiner: str | None = None
    tester: str | None = None


class TimedSpan(Frozen):
    """Something that took time in a run: a node, a model call, a sandbox run."""

    kind: Literal["run", "node", "call", "sandbox"]
    name: str
    began: float
    """Seconds since the run began."""
    ended: float
    detail: str = ""


class SamplesAsked(Frozen):
    """How many samples of one request a run has asked for."""

    request: str
    """What the request is known by: a digest of model, messages and settings."""
    samples: int


class RefinementResult(Frozen):
    """How a run ended: the answer, what proved it, and what it cost."""

    problem_id: str
    solved: bool | None
    """True where visible tests passed, False where they refute the answer, None where nothing
    could check it. Visible tests are evidence, not proof of correctness."""
    answer: str | None
    """The whole program, or the final answer; None where no model gave a usable one."""
    strategy: str
    difficulty: Difficulty | None
    rounds: int
    stop_reason: StopReason
    selection: Selection
    usage: Usage
    candidates: tuple[Candidate, ...]
    reviews: tuple[Review, ...] = ()
    reverted: tuple[Reversion, ...] = ()
    decisions: tuple[Decision, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[Note, ...] = ()
    tests: tuple[VisibleTest, ...] = ()
    isolation: Isolation | None = None
    """None where nothing was executed."""
    models: ModelNames = ModelNames()
    seed: int | None = None
    timeline: tuple[TimedSpan, ...] = ()
    """What ran when, in the process that ended the run."""
    schema_version: int = SCHEMA_VERSION

    @property
    def chosen(self) -> Candidate | None:
        """The candidate that the answer is taken from."""
        wanted = self.selection.candidate_id
        return next((each for each in self.candidates if each.id == wanted), None)

    def _repr_html_(self) -> str:
        """Show the run in a notebook: the way, the candidates, the decisions."""
        from refinegraph.pages.run import run_parts

        return "".join(run_parts(self))
