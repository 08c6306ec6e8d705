"""Compare the sandbox with evalplus, in a process that has imported nothing else."""

import argparse
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

from speed_frame import Goal, Row

GOALS = {
    "check": (Goal(2.5, "higher"), Goal(3.5, "higher")),
    "test": (Goal(1.5, "higher"), Goal(1.5, "higher")),
}
"""Goals for throughput and latency relative to evalplus, from a caller without other imports."""


def measure_sandbox(dataset: Path, rounds: int, limit: int) -> list[Row]:
    """Return how `check` and `test` compare with evalplus, if it is installed."""
    command = [sys.executable, __file__, str(dataset), str(rounds), str(limit)]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    gains: dict[str, list[float]] = json.loads(ended.stdout.splitlines()[-1])
    rows: list[Row] = []
    for call, goals in GOALS.items():
        for figure, goal in zip(("throughput", "latency"), goals, strict=True):
            values = tuple(gains.get(f"{call} {figure}", ()))
            title = f"{call}: {figure} over evalplus, bare caller"
            rows.append(Row(title, values, goal, "evalplus is not installed"))
    return rows


def main() -> None:
    """Print the gains over evalplus as JSON, one per round."""
    from sandbox import backends, measured, read_tasks

    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=int)
    options = parser.parse_args()
    multiprocessing.set_start_method("fork")
    wanted = ("refinegraph check", "refinegraph test", "evalplus")
    runs = {name: run for name, run in backends().items() if name in wanted}
    gains: dict[str, list[float]] = {}
    if "evalplus" in runs:
        figures = measured(runs, read_tasks(options.dataset)[: options.limit], options.rounds)
        for call in GOALS:
            ours = f"refinegraph {call}"
            rates = zip(figures.per_second[ours], figures.per_second["evalplus"], strict=True)
            times = zip(figures.milliseconds["evalplus"], figures.milliseconds[ours], strict=True)
            gains[f"{call} throughput"] = [one / other for one, other in rates]
            gains[f"{call} latency"] = [other / one for other, one in times]
    print(json.dumps(gains))


if __name__ == "__main__":
    main()
