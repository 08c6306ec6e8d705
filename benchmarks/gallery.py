"""Every strategy and published system on one set of problems, at equal cost.

    python benchmarks/gallery.py --out gallery-results
    python benchmarks/gallery.py --out gallery-results --model embedded --problems 60
    python benchmarks/gallery.py --out gallery-results --docs docs/gallery.md
    python benchmarks/gallery.py --out elsewhere --model openai/NAME --only self-refine,debate
    python benchmarks/gallery.py --out elsewhere --model openai/NAME --scorer prm:URL/MODEL

Each system solves the same problems, on simulated models with known rates (easy answers, hard
answers with a scorer, and code with edits), or on the model that `--model` names (programs with
hidden tests). The baseline is `sample-until`: sampling that stops as soon as a sample passes its
tests or the vote is settled. Its accuracy with no more tokens per problem than a system took is
read from its own runs; the gain of the system is the difference. Nothing is extrapolated. A system
that needs a scorer is compared with samples that are weighed by the same scorer.

Simulated models play every role at known rates, but a prompt's wording has no effect on them: an
idea that lies in what a prompt says shows there what its calls cost, not what it is worth.

Results are appended problem by problem, so that the same command continues an interrupted run, and
more problems or systems can be added. The page is `index.html` in the folder.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gallery_model import count_remarks
from gallery_page import write_page
from gallery_rows import BASELINE, Row, read_rows, sizes_of
from gallery_settings import Setting, simulated_settings, with_model
from gallery_summary import write_summary
from rich.console import Console

from refinegraph.agents.models import run_scope
from refinegraph.errors import RefinegraphError
from refinegraph.evaluation.judging import find_decider, judge
from refinegraph.graphs.refinement import RefinementGraph
from refinegraph.graphs.strategies import build_strategy, find_strategy, strategy_names
from refinegraph.runs.runner import run_graph
from refinegraph.schema import LabelledProblem
from refinegraph.values import UnfitValue

# More than any system spends on a problem here, so that the baseline reaches their cost.
_BASELINE_SAMPLES = 48
# A search that does not end would hold up all others; what is cut off counts as failed.
_SECONDS_A_PROBLEM = 120.0
# The correctness of a system less that of the baseline on one problem has a standard deviation of
# about 0.4, because both get the same draws. So 60 problems give intervals of about 10 points to
# each side, which separates what helps from what does not, in a few minutes for all systems.
_PROBLEMS = 60


def runnable(setting: Setting, only: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the strategies that the setting can run, and why it cannot run the others."""
    names = [find_strategy(name).name for name in only] or list(strategy_names())
    if setting.scored_only:
        names = [name for name in names if "scorer" in find_strategy(name).needs]
        names = [BASELINE, *names]
    missing = {
        name: ", ".join(need for need in find_strategy(name).needs if need not in setting.provides)
        for name in dict.fromkeys([BASELINE, *names])
    }
    return [name for name, why in missing.items() if not why], {
        name: f"needs {why}" for name, why in missing.items() if why
    }


async def solved(
    setting: Setting, name: str, done: set[tuple[str, str, str]]
) -> AsyncIterator[Row]:
    """Yield a row for each problem that is not done yet, some at a time, as they end."""
    plan = setting.plan()
    if name == BASELINE:
        plan = replace(plan, samples=_BASELINE_SAMPLES)
    elif "scorer" not in find_strategy(name).needs:
        plan = replace(plan, scorer=None)
    try:
        graph = build_strategy(name, plan)
    except RefinegraphError as error:
        reason = str(error)
        for problem in setting.problems:
            if (setting.name, name, problem.problem.id) not in done:
                yield _failed(setting, name, problem, reason)
        return
    left = [
        problem
        for problem in setting.problems
        if (setting.name, name, problem.problem.id) not in done
    ]
    places = asyncio.Semaphore(setting.at_once)

    async def one(labelled: LabelledProblem) -> Row:
        async with places:
            return await _row(setting, name, graph, labelled)

    for coming in asyncio.as_completed([asyncio.ensure_future(one(task)) for task in left]):
        yield await coming


async def _row(
    setting: Setting, name: str, graph: RefinementGraph, labelled: LabelledProblem
) -> Row:
    decide = find_decider(labelled, setting.judge)
    assert decide
    try:
        with run_scope(), count_remarks() as spoken:
            result = await run_graph(graph, labelled.problem, timeout=_SECONDS_A_PROBLEM)
        rights = await judge(result, decide)
    except Exception as error:  # a system that fails is a row of the page, not the end of it
        return _failed(setting, name, labelled, f"{type(error).__name__}: {error}")
    return Row(
        setting=setting.name,
        strategy=name,
        problem=labelled.problem.id,
        right=rights.get(result.selection.candidate_id or "", False),
        tokens=result.usage.total_tokens,
        calls=result.usage.llm_calls,
        sizes=sizes_of(result, rights) if name == BASELINE else (),
        answered=result.chosen is not None and result.chosen.content is not None,
        remarks=spoken.remarks / max(1, spoken.answers),
    )


def _failed(setting: Setting, name: str, labelled: LabelledProblem, reason: str) -> Row:
    return Row(setting.name, name, labelled.problem.id, False, 0, 0, error=reason[:200])


async def measure(
    chosen: Iterable[Setting], only: Sequence[str], file: Path, deadline: float
) -> None:
    """Append the rows that are missing; begin no strategy after the deadline."""
    console = Console(stderr=True)
    done = {row.key for row in read_rows(file) if not row.error}
    with file.open("a", encoding="utf-8") as out:
        for setting in chosen:
            names, _ = runnable(setting, only)
            for number, name in enumerate(names, 1):
                if time.monotonic() > deadline:
                    console.print("the time is up; the same command continues.")
                    return
                began = time.monotonic()
                async for row in solved(setting, name, done):
                    out.write(json.dumps(row._asdict()) + "\n")
                    out.flush()
                seconds = time.monotonic() - began
                console.print(f"{setting.name}: {number}/{len(names)} {name} {seconds:.0f} s")


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, required=True, help="folder of the results; continues what is there")
    add("--problems", type=int, default=_PROBLEMS)
    add("--model", help="instead of the simulated ones, such as embedded")
    add("--scorer", help="measure with --model the systems that need a scorer, such as judge")
    add("--settings", default="", help="simulated settings whose names contain this, such as code")
    add("--only", default="", help="these strategies, joined by commas, beside the baseline")
    add("--minutes", type=float, default=float("inf"), help="begin no further strategy after that")
    add("--docs", type=Path, help="measure nothing; write the summary of --out into this page")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    file = options.out / "rows.jsonl"
    if options.docs:
        write_summary(options.docs, read_rows(file))
        return
    only = [name for name in options.only.split(",") if name]
    if options.scorer and not options.model:
        parser.error("--scorer needs --model: the simulated models have a scorer of their own.")
    scorers = dict.fromkeys((None, options.scorer))
    real = [
        with_model(options.model, options.problems, scorer) for scorer in scorers if options.model
    ]
    try:
        for setting in real:
            setting.plan()
    except UnfitValue as error:
        parser.error(f"argument --scorer: {options.scorer!r} {error}.")
    except RefinegraphError as error:
        parser.error(str(error))
    simulated = simulated_settings(options.problems)
    wanted = [setting for setting in simulated if options.settings in setting.name]
    chosen = real[-1:] or wanted
    deadline = time.monotonic() + 60 * options.minutes
    try:
        asyncio.run(measure(chosen, only, file, deadline))
    except KeyboardInterrupt:
        print("interrupted; the same command continues.", file=sys.stderr)
    known = [*simulated, *real]
    about = {setting.name: setting.about for setting in known}
    left_out = {setting.name: runnable(setting, only)[1] for setting in known}
    page = options.out / "index.html"
    write_page(page, read_rows(file), about, left_out)
    print(page)


if __name__ == "__main__":
    main()
