"""The order of changes follows the suspicion of their lines and the priors of their kinds."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation import OPERATORS, Mutation, mutations
from refinegraph.tools.mutation.naturalness import Naturalness, tokens_of
from refinegraph.tools.mutation.sites import sites_of
from refinegraph.tools.mutation.source import Replacement, Source

PROGRAM = "def f(x=1, y=2):\n    z = x < 3\n    if z:\n        return x - y\n    return 4\n"
PRIORS = {operator.name: operator.prior for operator in OPERATORS}


def changes(scores: dict[int, float], source: str = PROGRAM, **how: int) -> list[Mutation]:
    suspects = [SuspectLine(path="a.py", line=n, score=s) for n, s in scores.items()]
    return list(mutations({"a.py": source}, suspects, **how))  # type: ignore[arg-type]


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.integers(1, 5), st.floats(0.01, 1), min_size=1), st.integers(0, 3))
def test_changes_come_in_falling_order_each_once_and_parse(
    scores: dict[int, float], seed: int
) -> None:
    found = changes(scores, seed=seed)
    ranks = [change.score for change in found]
    assert ranks == sorted(ranks, reverse=True)
    assert len({change.text for change in found}) == len(found)
    for change in found:
        compile(change.text, "a.py", "exec")
        assert change.before in PROGRAM and change.before != change.after
        assert change.score <= PRIORS[change.operator] * max(scores.values())


def test_a_score_is_that_of_the_line_times_the_prior() -> None:
    (boundary,) = [each for each in changes({2: 0.5}) if each.operator == "boundary"]
    assert (boundary.score, boundary.line) == (PRIORS["boundary"] * 0.5, 2)
    assert (boundary.before, boundary.after) == ("<", "<=")
    assert changes({2: 0.0}) == []
    assert changes({9: 1.0}) == []


def test_defaults_are_suspected_by_the_body_of_their_function() -> None:
    found = [each for each in changes({4: 1.0}) if each.line == 1 and each.operator == "constant"]
    assert {each.before for each in found} == {"1", "2"}
    inside = [each for each in changes({2: 1.0}) if each.line == 2 and each.operator == "constant"]
    assert found[0].score == pytest.approx(0.9 * inside[0].score)
    own = [each for each in changes({1: 1.0}) if each.operator == "constant"]
    assert own[0].score == pytest.approx(inside[0].score)


def test_a_statement_over_several_lines_is_suspected_by_its_first() -> None:
    source = "a = f(\n    1,\n    2,\n)\n"
    for lines in ({1: 1.0}, {1: 1.0, 3: 0.5}):
        scores = {each.line: each.score for each in changes(lines, source) if each.before in "12"}
        assert scores[2] == scores[3]
    only = [each for each in changes({3: 1.0}, source) if each.operator == "constant"]
    assert {each.line for each in only} == {3}


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(1, 12)))
def test_only_statements_with_the_lines_are_walked(lines: set[int]) -> None:
    text = (
        "@cache\n@other\nclass C:\n    def f(self, x=1):\n        try:\n            y = x\n"
        "        except E:\n            return g(\n                2,\n            )\n"
        "        return y\nz = 3\n"
    )
    source, module = Source(text), ast.parse(text)
    spans = [
        (site.node, range(min(_lines(site.statement)), max(_lines(site.statement)) + 1))
        for site in sites_of(module, source)
    ]
    walked = [site.node for site in sites_of(module, source, lines=lines)]
    assert walked == [node for node, span in spans if lines.intersection(span)]


def _lines(statement: ast.stmt) -> set[int]:
    return {number for node in ast.walk(statement) if (number := getattr(node, "lineno", 0))} | {
        statement.end_lineno or 0
    }


def test_ties_are_broken_by_the_seed_and_by_nothing_else() -> None:
    source = "".join(f"a{n} = {n + 5} < b\n" for n in range(12))
    scores = dict.fromkeys(range(1, 13), 1.0)
    first = [each.text for each in changes(scores, source)]
    assert first == [each.text for each in changes(scores, source)]
    orders = {seed: [each.text for each in changes(scores, source, seed=seed)] for seed in (1, 2)}
    assert orders[1] != orders[2]
    assert sorted(orders[1]) == sorted(orders[2]) == sorted(first)
    assert [each.line for each in changes(scores, source)][:12] == list(range(1, 13))


def test_missing_files_and_syntax_errors_are_skipped() -> None:
    suspects = [SuspectLine(path=path, line=1, score=1.0) for path in ("a.py", "b.py", "c.py")]
    found = list(mutations({"a.py": "x = (", "b.py": "x = 1 < 2\n"}, suspects))
    assert {each.path for each in found} == {"b.py"}


def test_positions_count_bytes_of_lines() -> None:
    text = "é = 'ü'  # why\nif é: b = 2\n  \n"
    source, module = Source(text), ast.parse(text)
    first, second = module.body
    assert source.of(first) == "é = 'ü'"
    assert source.between(source.line_start(first), source.line_end(first)) == "é = 'ü'  # why\n"
    assert source.stands_alone(first)
    assert source.replaced(Replacement(source.end(first), source.line_end(first), "!")) == (
        "é = 'ü'!if é: b = 2\n  \n"
    )
    inner = second.body[0]  # type: ignore[attr-defined]
    assert not source.stands_alone(inner)
    assert source.indentation(inner) == ""
    assert Source("a = 1").line_end(ast.parse("a = 1").body[0]) == 5


def test_usual_lines_surprise_less() -> None:
    model = Naturalness(["x = 1\ny = 2  # why\n"] * 3)
    assert model.surprise("x = 1") < model.surprise("x = 2") < model.surprise("q ( [")
    assert model.surprise("") == model.surprise("# why") == 0.0
    assert tokens_of("f(a,\n  # why\n  'b'") == ["f", "(", "a", ",", "'b'"]
    empty = Naturalness([])
    assert empty.surprise("x") == pytest.approx(empty.surprise("y z"))
