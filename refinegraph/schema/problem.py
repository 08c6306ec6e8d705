"""Problems, their visible tests, and what evaluation knows of their answers."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from refinegraph.schema.base import Frozen

Kind = Literal["code", "math", "choice", "text"]
"""What sort of answer a problem asks for."""

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
