"""Problems, their visible tests, and the gold data for evaluation."""

from typing import Annotated, Literal, NamedTuple

from pydantic import AliasChoices, Field

from refinegraph.schema.base import Frozen
from refinegraph.schema.verdict import CaseOutcome

Kind = Literal["code", "math", "choice", "text", "repository"]
"""The kind of answer that a problem asks for; `repository` asks for a patch to a checkout."""
EXECUTED_KINDS: frozenset[Kind] = frozenset({"code", "repository"})
"""The kinds whose answers are checked by running them."""

Origin = Literal["given", "statement", "generated"]
"""The origin of a visible test: the caller, an example in the statement, or a model."""


class AssertCase(Frozen):
    """A visible test as Python source: assert statements or one `def test_*` function."""

    form: Literal["assert"] = "assert"
    id: str
    """Unique among the tests of one problem."""
    source: str
    """The statements of the test, which use the names of the candidate's program."""
    origin: Origin = "given"
    weight: int = 1
    """How often a model wrote the test; 1 for other tests."""


class CallCase(Frozen):
    """A visible test that calls one function and compares its result."""

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
    weight: int = 1
    """How often a model wrote the test; 1 for other tests."""


class StdioCase(Frozen):
    """A visible test that feeds standard input and compares standard output."""

    form: Literal["stdio"] = "stdio"
    id: str
    """Unique among the tests of one problem."""
    stdin: str
    stdout: str
    """The expected output; trailing whitespace and trailing empty lines are ignored."""
    origin: Origin = "given"
    weight: int = 1
    """How often a model wrote the test; 1 for other tests."""


class CommandCase(Frozen):
    """A visible test that a checkout's own test command runs."""

    form: Literal["command"] = "command"
    id: str
    """The name of the test in the test command; `suite` for all tests that passed before."""
    origin: Origin = "given"
    weight: int = 1
    """How often a model wrote the test; 1 for other tests."""


VisibleTest = Annotated[
    AssertCase | CallCase | StdioCase | CommandCase, Field(discriminator="form")
]
"""A test that agents may see."""


class SuspectLine(Frozen):
    """A line of a program that may be at fault, with the reasons."""

    path: str
    line: int
    """Counted from 1."""
    score: float
    """From 0 to 1, higher for more suspicious lines."""
    source: str = ""
    """The line itself, without its indentation."""
    reasons: tuple[str, ...] = ()
    """One clause each."""


class SourceExcerpt(Frozen):
    """A part of a file at the start of the run."""

    path: str
    first_line: int = 1
    text: str


class Repository(Frozen):
    """The checkout of a problem at the start of the run."""

    root: str
    """The directory of the checkout; displaying a run does not read it."""
    folder: str = ""
    """The working directory of the test command, relative to the root."""
    digest: str
    """A digest of the files that patches may change, with which a resumed run detects changes."""
    command: str
    """The test command in shell syntax."""
    lint: str = ""
    """A command that has to succeed on a patch if it succeeded before; empty for none."""
    protect: tuple[str, ...] = ()
    """Patterns of additional files that no patch may change."""
    failing: tuple[CaseOutcome, ...] = ()
    """The tests that have to pass, with their outcomes at the baseline."""
    unrelated: tuple[str, ...] = ()
    """Other tests that failed at the baseline and may go on failing."""
    passing: int = 0
    """Number of tests that passed at the baseline."""
    flaky: tuple[str, ...] = Field(default=(), validation_alias=AliasChoices("flaky", "flickering"))
    """Tests whose outcomes differ between runs; they are ignored."""
    suspects: tuple[SuspectLine, ...] = ()
    """Suspicious lines, the most suspicious first."""
    excerpts: tuple[SourceExcerpt, ...] = ()
    """The parts of files that a model is shown."""
    names: str = ""
    """A map of the definitions in the checkout's files."""
    remarks: tuple[str, ...] = ()
    """Limitations of the baseline, one sentence each."""
    issue_tests: int = 0
    """Number of test files that a model writes from the description; 0 without a description."""


class Problem(Frozen):
    """A problem to solve; it contains nothing that agents may not see."""

    prompt: str
    """The statement."""
    id: str = "problem"
    kind: Kind = "code"
    tests: str = ""
    """Visible tests as text, in any form that `refinegraph.tools.parse_tests` supports."""
    reads_examples: bool = True
    """Whether examples in the statement of a code problem without tests count as visible tests.
    False if the statement quotes an earlier answer, whose examples prove nothing."""
    entry_point: str | None = None
    """The function that a code problem asks for, if it is known."""
    preamble: str = ""
    """Source that precedes the body of the answer (imports, signature), as in HumanEval."""
    repository: Repository | None = None
    """The checkout to repair, for a problem of kind `repository`."""


class Gold(Frozen):
    """The data that decide whether an answer is correct, for evaluation only.

    No agent ever sees them.
    """

    tests: str = ""
    """Hidden tests, in any form that `refinegraph.tools.parse_tests` supports."""
    answer: str | None = None
    """The reference answer of a problem that is not code."""
    reference: str = ""
    """A whole program as reference solution, to validate the hidden tests; empty for none."""


class LabelledProblem(NamedTuple):
    """A problem and, kept separate from it, its gold data."""

    problem: Problem
    gold: Gold
