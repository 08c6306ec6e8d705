"""Measure how well the selector `agreement` chooses among recorded programs.

    python benchmarks/agreement.py --recorded humaneval_codegen16b.jsonl

Every line of the file contains a prompt, hidden tests, 100 solutions and 100 lists of generated
tests. No model is called: the programs are extracted and run on the generated tests in the sandbox.
One is then chosen from the largest group of programs that return the same values (after CodeT,
arXiv 2207.10397), and the hidden tests judge the choice.
"""

import argparse
import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

from refinegraph.graphs.selection import agreement
from refinegraph.schema import Candidate, CaseOutcome, Problem, Verdict, VisibleTest
from refinegraph.support.awaiting import settle
from refinegraph.tools.grouping import generated_results
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.test_cases import parse_generated_tests
from refinegraph.tools.test_cases.checking import check_program

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
POLICY = SandboxPolicy(wall_seconds=4, call_seconds=1, cpu_seconds=4, memory_mb=512)


def read_programs(row: dict[str, Any], count: int) -> list[Candidate]:
    """Return the recorded solutions as candidates, cut at the protocol's stop sequences."""
    candidates: list[Candidate] = []
    for number, solution in enumerate(row["solutions"][:count]):
        for stop in STOPS:
            solution = solution.split(stop)[0]
        source = row["prompt"] + solution
        program = extract_program(source, entry_point=row["entry_point"], preamble=row["prompt"])
        candidates.append(
            Candidate(id=f"0.{number}", operator="solve", text=source, program=program.source)
        )
    return candidates


def read_tests(row: dict[str, Any], count: int, *, limit: int) -> list[VisibleTest]:
    """Return the first tests of every recorded list without duplicates, weighted by frequency."""
    kept: dict[str, VisibleTest] = {}
    written: Counter[str] = Counter()
    for text in row["tests"][:count]:
        tests = parse_generated_tests(
            f"assert {text.strip()}", entry_point=row["entry_point"], limit=limit
        )
        for test in tests:
            key = test.model_dump_json(exclude={"id", "weight"})
            kept.setdefault(key, test)
            written[key] += test.weight
    return [
        test.model_copy(update={"id": f"g{number}", "weight": written[key]})
        for number, (key, test) in enumerate(kept.items(), 1)
    ]


async def run_all(
    sandbox: Sandbox, program: str, tests: list[VisibleTest], problem: Problem
) -> Verdict:
    """Return the outcomes of all tests, continuing after a test that killed the program."""
    outcomes: dict[str, CaseOutcome] = {}
    left = tests
    while True:
        verdict = await check_program(sandbox, program, left, problem=problem)
        outcomes |= {outcome.id: outcome for outcome in verdict.tests}
        skipped = {outcome.id for outcome in verdict.tests if outcome.status == "not_run"}
        following = [test for test in left if test.id in skipped]
        stuck = len(following) >= len(left) - 1 and len(left) > 1 and not verdict.passed_ids
        if not following or stuck:
            return verdict.model_copy(update={"tests": tuple(outcomes.values())})
        left = following


async def choose(sandbox: Sandbox, row: dict[str, Any], samples: int) -> tuple[bool, bool]:
    """Return whether the chosen program is right, and whether the first one is."""
    problem = Problem(prompt=row["prompt"], entry_point=row["entry_point"])
    pool = read_programs(row, samples)
    tests = read_tests(row, samples, limit=5)

    async def run(candidate: Candidate) -> Candidate:
        if candidate.program is None or not tests:  # the model sometimes wrote no tests
            return candidate
        verdict = await run_all(sandbox, candidate.program, tests, problem)
        return candidate.model_copy(update=generated_results(verdict, tests))

    pool = list(await asyncio.gather(*map(run, pool)))
    selection = await settle(agreement()(problem, pool))
    programs = {candidate.id: candidate.program for candidate in pool}
    return (
        await is_right(sandbox, row, programs.get(selection.candidate_id or "")),
        await is_right(sandbox, row, pool[0].program),
    )


async def is_right(sandbox: Sandbox, row: dict[str, Any], program: str | None) -> bool:
    """Return whether a program passes the hidden tests."""
    if program is None:
        return False
    verdict = await sandbox.test(
        program, row["test"], preamble=row["prompt"], entry_point=row["entry_point"]
    )
    return verdict.passed


async def main() -> None:
    """Run the selection over all recorded problems and print the share of right choices."""
    parser = argparse.ArgumentParser(description="Measure the selector `agreement`.")
    parser.add_argument("--recorded", required=True)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--limit", type=int)
    options = parser.parse_args()
    rows = [json.loads(line) for line in Path(options.recorded).read_text().splitlines()]
    sandbox = Sandbox(policy=POLICY)
    right = first = 0
    for number, row in enumerate(rows[: options.limit], 1):
        chosen, single = await choose(sandbox, row, options.samples)
        right, first = right + chosen, first + single
        print(
            f"{number:>3}  chosen {right / number:6.1%}   first {first / number:6.1%}", flush=True
        )


if __name__ == "__main__":
    asyncio.run(main())
