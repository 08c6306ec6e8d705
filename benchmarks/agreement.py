"""How well the selector `agreement` chooses among recorded programs with recorded tests.

    python benchmarks/agreement.py --recorded humaneval_codegen16b.jsonl

Every line of the file holds a prompt, hidden tests, 100 solutions and 100 lists of generated
tests. No model is called: the programs are extracted, run on the generated tests in the sandbox,
and one is chosen as CodeT does (arXiv 2207.10397); the hidden tests judge the choice.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from refinegraph.graphs.selection import agreement
from refinegraph.schema import Candidate, Problem, VisibleTest
from refinegraph.support.awaiting import settle
from refinegraph.tools.programs import extract_program
from refinegraph.tools.sandbox import Sandbox, SandboxPolicy
from refinegraph.tools.test_cases import parse_generated_tests
from refinegraph.tools.test_cases.checking import check_program

STOPS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")
POLICY = SandboxPolicy(wall_seconds=4, call_seconds=1, cpu_seconds=4, memory_mb=512)


def read_programs(row: dict[str, Any], count: int) -> list[Candidate]:
    """Return the recorded solutions as candidates, cut at the protocol's stop sequences."""
    made: list[Candidate] = []
    for number, solution in enumerate(row["solutions"][:count]):
        for stop in STOPS:
            solution = solution.split(stop)[0]
        source = row["prompt"] + solution
        program = extract_program(source, entry_point=row["entry_point"], preamble=row["prompt"])
        made.append(
            Candidate(id=f"0.{number}", operator="solve", text=source, program=program.source)
        )
    return made


def read_tests(row: dict[str, Any], count: int, *, most: int) -> list[VisibleTest]:
    """Return the first tests of every recorded list, each distinct one once."""
    kept: dict[str, VisibleTest] = {}
    for text in row["tests"][:count]:
        tests = parse_generated_tests(
            f"assert {text.strip()}", entry_point=row["entry_point"], limit=most
        )
        for test in tests:
            kept.setdefault(test.model_dump_json(exclude={"id"}), test)
    return [
        test.model_copy(update={"id": f"g{number}"}) for number, test in enumerate(kept.values(), 1)
    ]


async def passes(
    sandbox: Sandbox, program: str, tests: list[VisibleTest], problem: Problem
) -> set[str]:
    """Return the ids of the tests passed, going on after one that killed the program."""
    passed: set[str] = set()
    left = tests
    while left:
        verdict = await check_program(sandbox, program, left, problem=problem)
        passed |= verdict.passed_ids
        skipped = {each.id for each in verdict.tests if each.status == "not_run"}
        following = [test for test in left if test.id in skipped]
        if len(following) >= len(left) - 1 and len(left) > 1 and not verdict.passed_ids:
            break
        left = following
    return passed


async def choose(sandbox: Sandbox, row: dict[str, Any], samples: int) -> tuple[bool, bool]:
    """Return whether the chosen program is right, and whether the first one is."""
    problem = Problem(prompt=row["prompt"], entry_point=row["entry_point"])
    pool = read_programs(row, samples)
    tests = read_tests(row, samples, most=5)

    async def run(candidate: Candidate) -> Candidate:
        if candidate.program is None:
            return candidate
        passed = await passes(sandbox, candidate.program, tests, problem)
        return candidate.model_copy(update={"generated_passed": tuple(sorted(passed))})

    pool = list(await asyncio.gather(*map(run, pool)))
    selection = await settle(agreement()(problem, pool))
    programs = {each.id: each.program for each in pool}
    return (
        await is_right(sandbox, row, programs.get(selection.candidate_id or "")),
        await is_right(sandbox, row, pool[0].program),
    )


async def is_right(sandbox: Sandbox, row: dict[str, Any], program: str | None) -> bool:
    """Say whether the hidden tests accept a program."""
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
