"""Measure how long the report of an evaluation takes to write, and to open in a browser.

    python benchmarks/report_page.py --problems 10000

Each problem has a run with a program, a review and a repair whose texts are random words, so that
they compress no better than those of a model. The page is usable when its table shows the first
runs. With Playwright and Chromium (`chromium` on the path, or REFINEGRAPH_CHROMIUM), the benchmark
opens the page several times, each time in a new browser, and then opens the last run in the table.
"""

import argparse
import importlib
import os
import random
import shutil
import statistics
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.evaluation.records import RunLine
from refinegraph.evaluation.summary import summarise
from refinegraph.html.evaluation import evaluation_page
from refinegraph.schema import Candidate, Problem, RefinementResult, Review

LINES = 20
"""Lines of a program, the usual length of a solution to a problem of HumanEval."""
WORDS = [f"{a}{b}" for a in "abcdefghklmnoprstuw" for b in ("an", "el", "id", "or", "um", "ind")]
VERDICT = "VERDICT: wrong\nSTEP: the last line\nCHANGE: return the sum"
WRONG, RIGHT = (f"```python\ndef f(x):\n    return {value}\n```" for value in ("-x", "x"))


@cache
def _run(number: int) -> RefinementResult:
    """Return one of two real runs: a sample, a review, and a repair that is right or wrong."""
    last = RIGHT if number else WRONG
    model = ScriptedChatModel([WRONG, VERDICT, last], cycle=True)
    problem = Problem(prompt="Write f(x).", tests="assert f(1) == 1\nassert f(2) == 2")
    return rg.solve(problem, model=model, strategy="self-refine", rounds=1)


def _words(source: random.Random, count: int) -> str:
    return " ".join(source.choices(WORDS, k=count))


def _program(source: random.Random) -> str:
    lines = [f"    {_words(source, 1)} = len({_words(source, 4)!r})" for _ in range(LINES)]
    return "\n".join(["def f(x):", *lines, "    return x"])


def _rewritten(candidate: Candidate, source: random.Random) -> Candidate:
    program = _program(source)
    text = f"{_words(source, 60)}\n\n```python\n{program}\n```"
    return candidate.model_copy(update={"text": text, "program": program})


def _reworded(review: Review, source: random.Random) -> Review:
    return review.model_copy(update={"text": _words(source, 80), "change": _words(source, 20)})


def runs(count: int) -> Iterator[RunLine]:
    """Yield runs one at a time, without storing them."""
    for number in range(count):
        source = random.Random(number)
        right = source.random() < 0.6
        result = _run(int(right))
        candidates = tuple(_rewritten(one, source) for one in result.candidates)
        reviews = tuple(_reworded(one, source) for one in result.reviews)
        changed = {"candidates": candidates, "reviews": reviews, "problem_id": str(number)}
        yield RunLine(
            problem_id=str(number),
            strategy="self-refine",
            prompt=f"Write f(x). {_words(source, 40)}",
            kind="code",
            correct=right,
            candidates_correct=tuple((one.id, right) for one in candidates),
            result=result.model_copy(update=changed),
        )


class Opened(NamedTuple):
    """The seconds that a browser took."""

    usable: float
    loaded: float
    last_run: float


def _open(chromium: Any, executable: str, page_file: Path, problems: int) -> Opened:
    """Open the page in a new browser."""
    browser = chromium.launch(executable_path=executable, args=["--no-sandbox"])
    page = browser.new_page()
    page.set_default_timeout(120_000)
    began = time.perf_counter()
    page.goto(page_file.as_uri(), wait_until="commit")
    page.wait_for_function("() => /of/.test(document.getElementById('shown')?.textContent)")
    usable = time.perf_counter() - began
    page.wait_for_load_state("load")
    loaded = time.perf_counter() - began
    began = time.perf_counter()
    page.evaluate(f"() => view({problems - 1})")
    page.wait_for_selector("dialog[open] .run section")
    last_run = time.perf_counter() - began
    browser.close()
    return Opened(usable, loaded, last_run)


def _spread(name: str, values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{name:34} {statistics.median(values):5.2f} s ({low:.2f} to {high:.2f})"


def open_page(page_file: Path, problems: int, times: int) -> None:
    """Open the page several times and print the medians."""
    executable = os.environ.get("REFINEGRAPH_CHROMIUM") or shutil.which("chromium")
    try:
        playwright: Any = importlib.import_module("playwright.sync_api")
    except ImportError:
        playwright = None
    if playwright is None or executable is None:
        print("not opened: Playwright or Chromium is missing")
        return
    with playwright.sync_playwright() as tool:
        opened = [_open(tool.chromium, executable, page_file, problems) for _ in range(times)]
    print(_spread("open until the table is usable", [one.usable for one in opened]))
    print(_spread("open until everything is loaded", [one.loaded for one in opened]))
    print(_spread("open the last run", [one.last_run for one in opened]))


def main() -> None:
    """Write the page and open it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5, help="how often to open the page")
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        page_file = Path(folder) / "report.html"
        stored = list(runs(options.problems))
        began, cpu = time.perf_counter(), time.process_time()
        summary = summarise(stored)
        with page_file.open("w", encoding="utf-8") as file:
            file.writelines(evaluation_page(summary, stored, title="report"))
        written, cpu = time.perf_counter() - began, time.process_time() - cpu
        size = page_file.stat().st_size / 2**20
        print(
            f"{options.problems:,} problems, {size:.1f} MB, written in {written:.1f} s "
            f"({cpu:.1f} s of CPU time)",
            flush=True,
        )
        open_page(page_file, options.problems, options.times)


if __name__ == "__main__":
    main()
