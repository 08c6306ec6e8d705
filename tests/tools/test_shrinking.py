"""A failing input is shrunk as long as the program fails in the same way."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.schema import CallCase, CaseOutcome, Problem, Verdict
from refinegraph.testing import FakeSandbox, verdict
from refinegraph.tools.shrinking import shrink_failure, smaller_values

PROBLEM = Problem(prompt="Sum them.", entry_point="f")


class Calling(FakeSandbox):
    """Runs functions of this process, identified by their source."""

    def __init__(self, **programs: Callable[..., object]) -> None:
        super().__init__({})
        self.programs = programs
        self.batches: list[int] = []

    async def check(
        self,
        source: str,
        entry_point: str,
        cases: Sequence[tuple[tuple[object, ...], object]],
        *,
        ids: Sequence[str] | None = None,
    ) -> Verdict:
        self.batches.append(len(cases))
        outcomes = [self._outcome(source, arguments) for arguments, _ in cases]
        return verdict(*outcomes)

    def _outcome(self, source: str, arguments: tuple[Any, ...]) -> CaseOutcome:
        call = f"f{arguments!r}"
        try:
            got = self.programs[source](*arguments)
        except Exception as error:
            name = f"{type(error).__name__}: {error}"
            return CaseOutcome(id="t1", status="error", call=call, error=name)
        return CaseOutcome(id="t1", status="failed", call=call, got=repr(got), expected="never")


def case(*arguments: object) -> CallCase:
    return CallCase(id="t1", entry_point="f", arguments=repr(arguments), expected="0")


async def test_an_input_is_halved_while_another_program_disagrees() -> None:
    sandbox = Calling(wrong=lambda xs: sum(xs) + (3 in xs), right=sum)
    found = await shrink_failure(sandbox, PROBLEM, "wrong", case([1, 2, 3, 4]), passing="right")
    assert found is not None
    assert (found.call, found.got, found.expected) == ("f([3],)", "4", "3")
    assert max(sandbox.batches) <= 24
    assert len(sandbox.batches) <= 1 + 2 * 8


async def test_an_exception_is_followed_by_its_type() -> None:
    def wrong(text: str) -> int:
        if "b" in text:
            raise KeyError(text)
        if not text.strip("a"):
            raise ValueError(text)
        return 1

    sandbox = Calling(wrong=wrong)
    found = await shrink_failure(sandbox, PROBLEM, "wrong", case("aabcaa"))
    assert found is not None
    assert (found.call, found.expected) == ("f('b',)", None)
    assert (found.error or "").startswith("KeyError")


async def test_nothing_is_shrunk_without_a_standard() -> None:
    sandbox = Calling(wrong=lambda xs: 1, right=lambda xs: 1, picky=lambda xs: 1 // (len(xs) - 1))
    assert await shrink_failure(sandbox, PROBLEM, "wrong", case([1, 2])) is None
    assert await shrink_failure(sandbox, PROBLEM, "wrong", case([1, 2]), passing="right") is None
    assert await shrink_failure(sandbox, PROBLEM, "picky", case([0])) is None
    odd = case(1).model_copy(update={"arguments": "[1]"})
    assert await shrink_failure(sandbox, PROBLEM, "wrong", odd) is None
    code = case(1).model_copy(update={"arguments": "f(1)"})
    assert await shrink_failure(sandbox, PROBLEM, "wrong", code) is None


async def test_no_expected_value_is_shown_if_the_other_program_fails_too() -> None:
    def right(xs: list[int]) -> int:
        if len(xs) < 3:
            raise IndexError
        return 0

    sandbox = Calling(wrong=len, right=right)
    found = await shrink_failure(sandbox, PROBLEM, "wrong", case([5, 5, 5, 5]), passing="right")
    assert found is not None
    assert found.call is not None
    assert len(eval(found.call[1:])[0]) == 3, "on shorter lists the other program fails"


@pytest.mark.parametrize(
    ("value", "smaller"),
    [
        (9, [0, 4, 8]), (1, [0]), (0, []), (-3, []), (True, []), (None, []), (2.5, []),
        ("", []), ("a", []), ("ab", ["a", "b"]), ("abc", ["a", "bc", "bc", "ac", "ab"]),
        ([], []), ([4], [[0], [2]]), ((5, 7), [(5,), (7,), (0, 7), (2, 7), (5, 0), (5, 3)]),
        ([True], []), ([[1, 2]], [[[1]], [[2]]]),
    ],
)  # fmt: skip
def test_simpler_values_are_of_the_same_type(value: object, smaller: list[object]) -> None:
    assert list(smaller_values(value)) == smaller


values = st.recursive(
    st.integers(0, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=10) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(values)
def test_smaller_values_differ_are_finite_and_never_empty(value: object) -> None:
    found = list(smaller_values(value))
    assert len(found) <= 200
    for smaller in found:
        assert type(smaller) is type(value)
        assert smaller != value
        assert isinstance(smaller, int) or smaller
