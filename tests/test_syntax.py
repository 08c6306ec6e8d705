"""Parsing in several threads at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from refinegraph.runs.unfinished import new_run_id
from refinegraph.support.syntax import parse_source


def test_threads_may_parse_at_once() -> None:
    nested = "x = " + "(" * 40 + "1" + ")" * 40
    deep = (
        "def f():\n" + "".join(f"{'    ' * (n + 1)}if x:\n" for n in range(40)) + "    " * 41 + "y"
    )
    sources = [nested, deep, "x = [1, 2]"] * 100
    with ThreadPoolExecutor(8) as pool:
        trees = list(pool.map(parse_source, sources))
    assert [len(tree.body) for tree in trees] == [1] * len(sources)


def test_what_is_no_python_is_still_an_error() -> None:
    with pytest.raises(SyntaxError):
        parse_source("x = (")


def test_ids_of_runs_sort_by_the_time_of_their_beginning() -> None:
    ids = []
    for _ in range(20):
        ids.append(new_run_id())
        while new_run_id()[:20] == ids[-1][:20]:
            continue
    assert ids == sorted(ids)
