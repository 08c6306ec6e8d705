"""Problems, their visible tests, and what evaluation knows of their answers."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from refinegraph.schema.base import Frozen
from refinegraph.schema.verdict import CaseOutcome

Kind = Literal["code", "math", "choice", "text", "repository"]
"""What sort of answer a problem asks for; `repository` asks for a patch to a checkout."""
EXECUTED_KINDS: frozenset[Kind] = frozenset({"code", "repository"})
"""The kinds whose answers are proved by running them."""

Origin = Literal["given", "statement", "generated"]
"""Where a visible test came from: the caller, an example in the statement, or a model."""


class AssertCase(Frozen):
    """A visible test written as Python source: assert lines or one `def test_*` function."""

    form: Literal["assert"] = "assert"
    id: str
    """Unique among the tests of one problem."""
    source: str
    """The statements to execute beside the candidate's program."""
    origin: Origin = "given"
    weight: int = 1
    """How often it was written, where a model wrote it."""


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
    weight: int = 1
    """How often it was written, where a model wrote it."""


class StdioCase(Frozen):
    """A visible test that feeds standard input and compares standard output."""

    form: Literal["stdio"] = "stdio"
    id: str
    """Unique among the tests of one problem."""
    stdin: str
    stdout: str
    """Compared after trailing blanks of every line and trailing empty lines are removed."""
    origin: Origin = "given"
    weight: int = 1
    """How often it was written, where a model wrote it."""


class CommandCase(Frozen):
    """A visible test that a checkout's own test command runs."""

    form: Literal["command"] = "command"
    id: str
    """The name by which the test command knows it; `suite` for all that passed before."""
    origin: Origin = "given"
    weight: int = 1
    """How often it was written, where a model wrote it."""


VisibleTest = Annotated[
    AssertCase | CallCase | StdioCase | CommandCase, Field(discriminator="form")
]
"""One test that agents may see."""


class SuspectLine(Frozen):
    """A line of a program that may be at fault, with what speaks against it."""

    path: str
    line: int
    """From 1."""
    score: float
    """From 0 to 1, higher for more suspicious lines."""
    source: str = ""
    """The line itself, without its indentation."""
    reasons: tuple[str, ...] = ()
    """One clause each."""


class SourceExcerpt(Frozen):
    """A part of a file as it was when the run began."""

    path: str
    first_line: int = 1
    text: str


class Repository(Frozen):
    """The checkout that a problem is about, as it was when the run began."""

    root: str
    """The folder of the checkout; nothing is read from it to show a run."""
    folder: str = ""
    """Where the test command starts, relative to the root."""
    digest: str
    """Of the contents of the files that patches may change, so that a resumed run can tell whether
    they are still what they were."""
    command: str
    """The test command, as a shell reads it."""
    lint: str = ""
    """A command that has to succeed wherever it succeeded before; empty for none."""
    protect: tuple[str, ...] = ()
    """Patterns of further files that no patch may change."""
    failing: tuple[CaseOutcome, ...] = ()
    """The tests that are to pass, with how they ended at the baseline."""
    passing: int = 0
    """How many tests passed at the baseline."""
    flickering: tuple[str, ...] = ()
    """Tests that ended differently in two runs; they never count."""
    suspects: tuple[SuspectLine, ...] = ()
    """The most suspicious lines first."""
    excerpts: tuple[SourceExcerpt, ...] = ()
    """What a model is shown of the files."""
    remarks: tuple[str, ...] = ()
    """What could not be had, one sentence each."""


class Problem(Frozen):
    """What is asked. Holds nothing that an agent may not see."""

    prompt: str
    """The statement, in words."""
    id: str = "problem"
    kind: Kind = "code"
    tests: str = ""
    """Visible tests as text, in any form that `refinegraph.tools.parse_tests` reads."""
    reads_examples: bool = True
    """Whether examples in the statement of a code problem without tests count as visible tests.
    False where the statement quotes an earlier answer, whose examples prove nothing."""
    entry_point: str | None = None
    """The function that a code problem asks for, where it is known."""
    preamble: str = ""
    """Source that precedes the body of the answer (imports, signature), as in HumanEval."""
    repository: Repository | None = None
    """The checkout that is to be repaired, for a problem of kind `repository`."""


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
