"""Long or degenerate texts are read up to a limit and no further, whatever they contain."""

from collections.abc import Callable

import pytest

from refinegraph.graphs.named import parse_stop
from refinegraph.schema import CallCase, SuspectLine
from refinegraph.tools.answers import answer_key, extract_answer
from refinegraph.tools.localisation.evidence import describe_suspects
from refinegraph.tools.loose_json import json_objects
from refinegraph.tools.programs.fences import fenced_blocks
from refinegraph.tools.sandbox.comparing import show
from refinegraph.tools.sandbox.tracing import trace_line
from refinegraph.tools.scorers.async_cache import AsyncCache
from refinegraph.tools.test_cases import parse_generated_tests, statement_examples
from refinegraph.tools.test_runs.commands import recipe_for
from refinegraph.tools.test_runs.readers.tap import read_tap
from refinegraph.values import UnfitValue

CALL = "f(1) returns 2."


def rule(length: int) -> bool:
    """Return whether a stop rule of this length is read."""
    try:
        parse_stop("accepted()".ljust(length))
    except UnfitValue as error:
        return "longer than 2,000 characters" not in str(error)
    return True


def json_at(start: int) -> bool:
    """Return whether a number that ends at this position is read to its end."""
    return {"a": 12} in list(json_objects('{"a": 12'.rjust(start)))


def json_after(braces: int) -> bool:
    """Return whether an object is found as the brace with this number."""
    return {"a": 1} in list(json_objects("{] " * (braces - 1) + '{"a": 1}'))


def example_at(end: int) -> bool:
    """Return whether an example of a statement that ends here is read."""
    (example,) = statement_examples("f(1) returns 23".rjust(end, "\n"), entry_point="f")
    return isinstance(example, CallCase) and example.expected == "23"


def example_after(calls: int) -> bool:
    """Return whether an example is read as the call with this number."""
    return bool(statement_examples("f(x)\n" * (calls - 1) + CALL, entry_point="f"))


def assertion_at(end: int) -> bool:
    """Return whether an assertion that ends here is read."""
    return bool(parse_generated_tests("assert f(1) == 2".rjust(end, "\n"), entry_point="f"))


def assertion_of(lines: int) -> bool:
    """Return whether an assertion of so many lines is read."""
    text = "assert f([\n" + "1,\n" * (lines - 2) + "]) == 2"
    return bool(parse_generated_tests(text, entry_point="f"))


def argument_of(length: int) -> bool:
    """Return whether an example whose argument has this length is read."""
    text = f"f('{'a' * (length - 2)}') returns 2."
    return bool(statement_examples(text, entry_point="f"))


def answer_line(length: int) -> bool:
    """Return whether a line of this length after a blank one is an answer."""
    return extract_answer("We think.\n\n" + "a" * length, kind="text") == "a" * length


def runner_as_word(number: int) -> bool:
    """Return whether a runner is recognised as the word with this number."""
    return recipe_for([*["env"] * (number - 1), "pytest"]).format == "pytest"


@pytest.mark.parametrize(
    ("reads", "limit"),
    [
        (rule, 2_000),
        (json_at, 20_000),
        (json_after, 16),
        (example_at, 50_000),
        (example_after, 200),
        (assertion_at, 100_000),
        (assertion_of, 30),
        (answer_line, 80),
        (runner_as_word, 8),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_text_is_read_up_to_its_limit(reads: Callable[[int], bool], limit: int) -> None:
    assert reads(limit)
    assert not reads(limit + 1)


def test_an_argument_may_be_long_but_not_endless() -> None:
    assert argument_of(1_900)
    assert not argument_of(2_100)


def test_long_answers_are_compared_by_their_beginning() -> None:
    long = "a" * 1_000
    for kind in ("math", "text"):
        assert answer_key(f"{long}b", kind=kind) == answer_key(f"{long}c", kind=kind)
        assert answer_key(f"{long[1:]}b", kind=kind) != answer_key(f"{long[1:]}c", kind=kind)


def test_the_last_64_blocks_of_an_answer_are_read() -> None:
    text = "".join(f"```\n{number}\n```\n" for number in range(70))
    blocks = fenced_blocks(text)
    assert [block.source.strip() for block in blocks] == [str(number) for number in range(6, 70)]


def test_what_is_shown_is_cut_at_its_limit() -> None:
    assert show("a" * 598) == repr("a" * 598)
    shown = show("a" * 599)
    assert len(shown) == 605 and " ... " in shown
    line = trace_line([1, "f" * 90, {"x" * 90: "v" * 130, **{f"n{n}": "1" for n in range(40)}}])
    assert line is not None
    assert (len(line.function), len(line.changed)) == (80, 30)
    assert tuple(map(len, line.changed[0])) == (80, 120)
    suspect = SuspectLine(path="a.py", line=1, score=1.0, source="s" * 101)
    assert describe_suspects([suspect]).count("s" * 100) == 1
    assert "s" * 101 not in describe_suspects([suspect])
    (failed,) = read_tap("1..1\nnot ok 1 a\n" + f"# {'d' * 2_100}\n")
    assert len(failed.traceback or failed.error or "") <= 2_000


async def test_a_cache_keeps_8192_values() -> None:
    asked: list[int] = []

    async def ask(key: int) -> int:
        asked.append(key)
        return key

    cache: AsyncCache[int, int] = AsyncCache()
    for key in range(8_193):
        await cache.get(key, ask)
    await cache.get(1, ask)
    assert len(asked) == 8_193
    await cache.get(0, ask)
    assert asked[-1] == 0
