"""Follow-ups: a line such as "now make it handle empty lists" changes the last answer."""

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from refinegraph.errors import InputError
from refinegraph.schema import CallCase, Problem, VisibleTest
from refinegraph.tools.programs.entry_points import infer_entry_point
from refinegraph.tools.test_cases import parse_tests, statement_examples

_LONGEST = 600
"""Characters of a follow-up; who writes more describes a new problem."""
_GOES_ON = re.compile(
    r"(?:now|also|but|and|then|instead|actually|next|additionally|ok(?:ay)?|thanks|thank you|"
    r"good|great|nice|what about|how about|shorter|faster|simpler|no[,:]|not |same )\b",
    re.IGNORECASE,
)
"""Openings that only make sense after something else."""
_CHANGES = re.compile(
    r"(?:please\s+|can you\s+|could you\s+)?(?:make|change|rename|add|remove|drop|use|handle|"
    r"fix|let|allow|support|keep|return|raise|don't|do not|simplify|shorten|optimi[sz]e|refactor|"
    r"rewrite|explain|translate|round|call)\b",
    re.IGNORECASE,
)
"""Openings that may begin a new problem as well, unless the line points back."""
_POINTS_BACK = re.compile(
    r"\b(?:it|its|this|that|these|them|your|the (?:function|program|code|answer|result|solution)|"
    r"type hints?|docstrings?|comments?|error handling)\b",
    re.IGNORECASE,
)
_KEEPS_BEHAVIOUR = re.compile(
    r"\b(?:handles?|cope|supports?|faster|simpler|shorter|shorten|simplify|refactor|clean|readable|"
    r"type hints?|docstrings?|comments?|without|avoid|efficient|optimi[sz]e|robust|fix|bug|edge|"
    r"empty|none|negative|invalid|errors?|raise|recurs\w+|iterative\w*|one line)\b",
    re.IGNORECASE,
)
"""Words of changes after which the earlier examples should still hold."""
_RENAMES = re.compile(
    r"\b(?:rename|call)\s+(?:it|this|that|the function)\s+(?:to\s+|as\s+)?`?([A-Za-z_]\w*)",
    re.IGNORECASE,
)
_OPENING = re.compile(r"(?:now|also|and|next|then|but|please)\b[\s,]*", re.IGNORECASE)
"""An opening that a step needs no more once it begins with `Then`."""
_EXAMPLE = re.compile(
    r"(?:>>> ?|\bassert )?\b\w+\((?:[^()\n]|\([^()\n]*\))*\)\s*(?:==|=>|->|→)"
    r"[^\n]*?(?:\.(?=\s+[A-Z])|(?=\n|\Z))"
)
"""An example, up to the next sentence or the end of the line."""


@dataclass(frozen=True)
class Conversation:
    """A problem that was answered, and the changes asked for since."""

    base: Problem
    """The problem as it was first stated."""
    answer: str
    """The latest answer."""
    changes: tuple[str, ...] = ()
    """Every follow-up so far; the answer has them all."""

    @property
    def entry_point(self) -> str | None:
        """The function that the conversation is about, under its present name, if there is one."""
        names = filter(None, map(_renamed, reversed(self.changes)))
        first = self.base.entry_point or infer_entry_point(self.base.prompt, self.base.tests)
        return next(names, first)

    def is_continued_by(self, text: str) -> bool:
        """Return whether a line refers to the last answer instead of stating a new problem."""
        line = text.strip()
        named = infer_entry_point(line)
        if len(line) > _LONGEST or (named and named not in (self.entry_point, _renamed(line))):
            return False
        if _GOES_ON.match(line):
            return True
        return bool(_CHANGES.match(line) and _POINTS_BACK.search(line))

    def next_problem(self, text: str, *, tests: str = "") -> Problem:
        """Return the problem of changing the last answer as described by a line.

        Examples in the quoted answer do not count as tests. The tests are those passed here, the
        examples in the line, and the earlier tests if the change should preserve them.
        """
        return self.base.model_copy(
            update={
                "prompt": self._statement(text),
                "tests": tests or self._tests_after(text),
                "reads_examples": False,
                "entry_point": self._name_after(text) if self.base.kind == "code" else None,
                "preamble": "",
            }
        )

    def next_steps(self, text: str) -> Problem:
        """Return the first problem with every change as a further step, and no earlier example.

        This is the form for models that only know tasks of their own phrasing.
        """
        first = _sentence(_EXAMPLE.sub("", self.base.prompt))
        steps = (_OPENING.sub("", change.strip()) for change in (*self.changes, text))
        prompt = " ".join([first, *(_sentence(f"Then {step}") for step in steps if step)])
        tests = _asserts(_examples(text, self._name_after(text)))
        return self.base.model_copy(
            update={"prompt": prompt, "tests": tests, "reads_examples": False}
        )

    def keeps_tests(self, text: str) -> bool:
        """Return whether the tests so far should still hold after a change."""
        return _preserves(text)

    @property
    def tests(self) -> Sequence[VisibleTest]:
        """The tests that hold for the latest answer: given ones or examples, old and new."""
        if self.base.kind != "code":
            return ()
        given = self._given() if all(map(_preserves, self.changes)) else ()
        return [*given, *self._cases(self.changes, self.entry_point).values()]

    def _given(self) -> tuple[VisibleTest, ...]:
        try:
            return parse_tests(self.base.tests, entry_point=self.base.entry_point)
        except InputError:
            return ()

    def _name_after(self, text: str) -> str | None:
        return _renamed(text) or self.entry_point

    def _statement(self, text: str) -> str:
        before = "".join(f"\n- {change}" for change in self.changes)
        changes = f"\n\nChanges made since then:{before}" if before else ""
        fence = "```python\n{}\n```" if self.base.kind == "code" else "{}"
        answer = fence.format(self.answer.strip())
        whole = "\n\nGive the whole program." if self.base.kind == "code" else ""
        return (
            f"{self.base.prompt.strip()}{changes}\n\nThe answer so far:\n\n{answer}\n\n"
            f"Change it as follows:\n\n{text.strip()}{whole}"
        )

    def _tests_after(self, text: str) -> str:
        """Return the tests after a change: given ones as they are, examples as asserts."""
        if self.base.kind != "code":
            return ""
        changes = (*self.changes, text)
        given = self.base.tests.rstrip() if all(map(_preserves, changes)) else ""
        examples = _asserts(self._cases(changes, self._name_after(text)).values())
        return "\n".join(filter(None, (given, examples)))

    def _cases(self, changes: Sequence[str], name: str | None) -> dict[str, CallCase]:
        """Return the examples that hold after some changes, by their arguments.

        A change of behaviour drops all earlier ones; a new result replaces that of the same call.
        """
        texts = ("" if self.base.tests else self.base.prompt, *changes)
        held: dict[str, CallCase] = {}
        for number, text in enumerate(texts):
            if number and not _preserves(text):
                held.clear()
            held.update({case.arguments: case for case in _examples(text, name)})
        return held


def _preserves(change: str) -> bool:
    """Return whether what held before a change should hold after it."""
    return bool(_KEEPS_BEHAVIOUR.search(change)) and _renamed(change) is None


def _examples(text: str, name: str | None) -> list[CallCase]:
    examples = statement_examples(text, entry_point=name)
    return [case for case in examples if isinstance(case, CallCase)]


def _renamed(text: str) -> str | None:
    """Return the new name if a line renames the function."""
    match = _RENAMES.search(text)
    return match[1] if match else None


def _asserts(cases: Iterable[CallCase]) -> str:
    return "\n".join(map(_as_assert, cases))


def _as_assert(case: CallCase) -> str:
    """Return an example as an assert line.

    >>> case = CallCase(id="e1", entry_point="add", arguments="(1, 2)", expected="3")
    >>> _as_assert(case)
    'assert add(1, 2) == 3'
    """
    arguments = ast.parse(case.arguments, mode="eval").body
    values = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
    call = ast.Call(ast.Name(case.entry_point, ast.Load()), values, [])
    return f"assert {ast.unparse(call)} == {case.expected}"


def _sentence(text: str) -> str:
    words = " ".join(text.split())
    return words if words.endswith((".", "!", "?")) else f"{words}."
