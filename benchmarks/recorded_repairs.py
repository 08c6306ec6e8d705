"""Replay recorded repair runs with the controller, to see when it stops and what it misses.

    python benchmarks/recorded_repairs.py --data DIRECTORY

The directory contains `*.jsonl` files of recorded repair runs, one file per model and one record
per problem: `prompt`, `entry_point`, `given_tests`, the hidden `test`, the programs of all rounds
in `implementations`, and `token_nums`, the tokens of the run. Every repair plays the next recorded
program at the cost of one round. A fresh sample plays the first program again, because no other was
recorded. The baseline is the recorded run, which ends when a program passes or after ten rounds.
The answer of a run is its newest program wherever it ends, and hidden tests judge it: a run that
stops while a model repeats the same program has the answer of the recorded one. All models use the
same settings, and each starts without knowledge of the model.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from refinegraph.graphs.policies.base import as_decision
from refinegraph.graphs.policies.execution_gain import MIN_GAIN_FOR_CODE, ExecutionGain
from refinegraph.graphs.policies.first_wave import FirstWave
from refinegraph.graphs.routing import VerdictRouter
from refinegraph.graphs.state import RefinementState
from refinegraph.graphs.stopping import accepted
from refinegraph.schema import Candidate, Decision, Frozen, Problem, Usage, Verdict
from refinegraph.support.awaiting import settle
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_cases import parse_tests
from refinegraph.tools.test_cases.checking import check_program

_MOST_CANDIDATES = 99
"""A limit above the length of any recorded run, so that only the controller ends a run."""
_CHARACTERS_A_TOKEN = 4
"""Approximate characters per token of English and Python. Only the cost of samples, which was not
recorded, depends on it."""
_AT_ONCE = 4
"""Runs judged at the same time: a choice."""


class _Record(Frozen, extra="ignore"):
    """The fields to read from a record."""

    task_id: str
    prompt: str
    entry_point: str
    given_tests: tuple[str, ...]
    test: str
    implementations: tuple[str, ...]
    token_nums: int


class Recorded(NamedTuple):
    """One recorded run: its programs and their results on the visible and the hidden tests."""

    problem: Problem
    programs: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    right: tuple[bool, ...]
    """Whether each program passes the hidden tests."""
    tokens: int

    @property
    def solved(self) -> bool:
        """Whether the last program passes the hidden tests."""
        return self.right[-1]

    @property
    def round_tokens(self) -> float:
        """Tokens of one round of repair."""
        return self.tokens / max(1, len(self.programs) - 1)

    @property
    def sample_tokens(self) -> float:
        """Tokens of the problem and the first program."""
        return (len(self.problem.prompt) + len(self.programs[0])) / _CHARACTERS_A_TOKEN


class Played(NamedTuple):
    """How far the controller went in one run."""

    solved: bool
    tokens: float


async def read_runs(file: Path, sandbox: Sandbox) -> list[Recorded]:
    """Return the runs of a file whose first program fails the visible tests."""
    records = [_Record.model_validate_json(line) for line in file.read_text().splitlines()]
    slots = asyncio.Semaphore(_AT_ONCE)

    async def judged(record: _Record) -> Recorded:
        async with slots:
            return await _judged(record, sandbox)

    runs = await asyncio.gather(*map(judged, records))
    return [run for run in runs if len(run.programs) > 1]


async def _judged(record: _Record, sandbox: Sandbox) -> Recorded:
    tests, name = "\n".join(record.given_tests), record.entry_point
    problem = Problem(id=record.task_id, prompt=record.prompt, tests=tests, entry_point=name)
    parsed = parse_tests(tests, entry_point=name)
    hidden = parse_tests(f"{record.test}\ncheck({name})", entry_point=name)
    judged: dict[str, tuple[Verdict, bool]] = {}
    for program in dict.fromkeys(record.implementations):
        verdict = await check_program(sandbox, program, parsed, problem=problem)
        final = await check_program(sandbox, program, hidden, problem=problem)
        judged[program] = verdict, final.passed
    verdicts, right = zip(*(judged[program] for program in record.implementations), strict=True)
    return Recorded(problem, record.implementations, verdicts, right, record.token_nums)


class _Player:
    """The state of one run during the replay."""

    def __init__(self, run: Recorded, number: int) -> None:
        self.run = run
        self.tokens = 0.0
        self.repairs = 0
        tests = parse_tests(run.problem.tests, entry_point=run.problem.entry_point)
        self.state = RefinementState(problem=run.problem, tests=tests, started=float(number))

    def apply(self, decision: Decision) -> None:
        """Play the moves of a decision."""
        candidates: list[Candidate] = []
        for move in decision.moves:
            parent = move.parents[0] if move.parents else None
            candidates += [
                self._candidate(parent, decision, len(candidates)) for _ in range(move.count)
            ]
        self.state = self.state.model_copy(
            update={
                "candidates": (*self.state.candidates, *candidates),
                "decisions": (*self.state.decisions, decision),
                "round": decision.round,
                "usage": Usage(completion_tokens=round(self.tokens)),
            }
        )

    @property
    def is_over(self) -> bool:
        """Return whether a program passed, or all recorded repairs were played."""
        passed = any(
            candidate.verdict and candidate.verdict.passed for candidate in self.state.candidates
        )
        return passed or self.repairs == len(self.run.programs) - 1

    def _candidate(self, parent: str | None, decision: Decision, index: int) -> Candidate:
        tokens = self.run.round_tokens if parent else self.run.sample_tokens
        self.repairs = min(self.repairs + bool(parent), len(self.run.programs) - 1)
        self.tokens += tokens
        number = self.repairs if parent else 0
        return Candidate(
            id=f"{decision.round}.{len(self.state.candidates) + index}",
            operator="refine" if parent else "solve",
            round=decision.round,
            turn=decision.number,
            parents=(parent,) if parent else (),
            text="",
            program=self.run.programs[number],
            verdict=self.run.verdicts[number],
            tokens=round(tokens),
        )


async def play(run: Recorded, policy: FirstWave, number: int) -> Played:
    """Let a policy decide until it stops, a program passes, or the record ends."""
    player = _Player(run, number)
    while not player.is_over:
        decision = as_decision(await settle(policy(player.state)), player.state)
        if decision.stop_reason:
            break
        player.apply(decision)
    return Played(run.right[player.repairs], player.tokens)


async def measure(runs: Sequence[Recorded], min_gain: float) -> list[Played]:
    """Play all runs of one model with one controller, which learns from run to run."""
    policy = FirstWave(
        ExecutionGain(
            router=VerdictRouter(),
            stop=accepted(),
            max_candidates=_MOST_CANDIDATES,
            min_gain_per_1k_tokens=min_gain,
        ),
        samples=1,
    )
    return [await play(run, policy, number) for number, run in enumerate(runs)]


async def main() -> None:
    """Print one row per model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="a directory of *.jsonl files")
    parser.add_argument("--min-gain", type=float, default=MIN_GAIN_FOR_CODE)
    options = parser.parse_args()
    table = Table(title="Recorded repair runs", title_justify="left")
    for heading in ("model", "runs", "solved at the end", "by the controller", "tokens, of those"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    async with Sandbox() as sandbox:
        for file in sorted(options.data.glob("*.jsonl")):
            runs = await read_runs(file, sandbox)
            played = await measure(runs, options.min_gain)
            share = sum(one.tokens for one in played) / sum(run.tokens for run in runs)
            solved = sum(run.solved for run in runs), sum(one.solved for one in played)
            table.add_row(file.stem, str(len(runs)), *map(str, solved), f"{share:.3f}")
    Console().print(table)


if __name__ == "__main__":
    asyncio.run(main())
