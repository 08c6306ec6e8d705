"""Measure on a sample of mutants whether the tests detect errors in graphs/ and tools/.

    make mutants                                   # 200 mutants, seed 0: about 30 minutes
    .venv/bin/python benchmarks/mutants.py --count 50 --seed 1
    .venv/bin/python benchmarks/mutants.py --minutes 10    # stop, and continue with the next call

cosmic-ray generates the mutants. Each of them is tested in a copy of the repository with the
doctests of its module and with the tests that execute its statement, according to the coverage of
every test function, or of every case if the cases of a function take long: first those in the
module's own test file, then fast tests that execute little else, for `SECONDS` seconds. A constant,
a header or the default of a field is executed by an import; its tests are those that inspect every
definition, and those that execute a line of a function that mentions its name, or otherwise those
of the enclosing function, class or module. If no test executes a statement of a function, the tests
of the enclosing code are run, because they may execute it in another process; if these do not
detect the mutant, it is `untested`.

A mutant is `killed` if a test fails with it twice: after the first failure that test is run again
by itself, so that neither a test that fails at times nor a busy machine kills anything. A test that
passes the second time is left out, and the remaining ones are run.

The sample is drawn from places, so that places with many operators do not count more. Changes that
behaviour cannot reveal are omitted:

- `strict=True` of `zip`, which matters only if the caller makes an error that it excludes;
- `daemon=True` of a thread, which matters only if the interpreter ends before the thread;
- `slots=True`, which saves memory;
- the decorators `overload`, `override`, `final` and `abstractmethod`, which are for type checkers;
- `==` and `!=` replaced by `is` and `is not` next to a literal: whether `1 is 1` holds is an
  implementation detail, and the warning about it would count as a failing test;
- operators on `|`, which nearly always stands in a type; such modules cannot be imported;
- the star before keyword-only parameters, and changes that do not compile.

Everything else counts, including `frozen=True` (an assignment reveals it), `repr=False`, limits and
tuned constants. The guests, the conformance suites and the guard of test runs are not mutated: they
run where coverage cannot observe them, and attacks test them.

Results are stored in build/mutants. An interrupted run continues, and a test file is measured again
only if it or a source that it executes has changed. The benchmark prints the mutants that survived,
and those of statements that no test executes.
"""

import argparse
import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mutant_making import BUILD, Mutant, digest, kept_sample, mutated, sources
from mutant_tests import Selection, Tests, measured
from mutant_workers import Worker, Workers

from refinegraph.evaluation.statistics import wilson_interval

FATES = ("killed", "survived", "untested")


@dataclass(frozen=True)
class Result:
    """The result for one mutant: the change, the test that failed, and a digest of all tests."""

    key: str
    fate: str
    change: str
    by: str
    tests: str


def main() -> None:
    """Draw a sample, test its mutants, and report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="", help="mutate only paths with this prefix")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after that time")
    options = parser.parse_args()
    workers = Workers(options.jobs, f"{options.seed}", 60 * options.minutes)
    chosen = kept_sample(options.count, options.seed, options.only)
    tests = Tests(measured(workers))
    file = BUILD / f"results-{digest(sources())}-{options.seed}.jsonl"
    done = {
        result.key
        for result in read(file)
        if result.fate == "killed" or result.tests == tests.digest
    }
    left = [mutant for mutant in chosen if mutant.key not in done]
    print(f"{len(chosen)} mutants, {len(chosen) - len(left)} of them tested before", flush=True)
    try_all(left, tests, file, workers)
    latest = {result.key: result for result in read(file)}
    report([latest[mutant.key] for mutant in chosen if mutant.key in latest], len(chosen))


def report(results: Sequence[Result], count: int) -> None:
    """Print the mutants that survived, and the score with its interval."""
    for fate in ("survived", "untested"):
        for result in sorted(results, key=lambda result: result.key):
            if result.fate == fate:
                print(f"\n{fate}: {result.key}\n{result.change}")
    counts = {fate: sum(result.fate == fate for result in results) for fate in FATES}
    rate = counts["killed"] / max(1, len(results))
    interval = wilson_interval(counts["killed"], len(results))
    between = f" ({interval.low:.1%} to {interval.high:.1%})" if interval else ""
    print(
        f"\n{', '.join(f'{fates} {fate}' for fate, fates in counts.items())}: {rate:.1%}{between}"
    )
    if len(results) < count:
        print(f"{count - len(results)} mutants are left; the same command continues with them")


def read(file: Path) -> Iterator[Result]:
    """Yield the results so far; truncated lines are skipped."""
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            yield Result(**json.loads(line))
        except ValueError:
            continue


def try_all(mutants: Sequence[Mutant], tests: Tests, file: Path, workers: Workers) -> None:
    """Test mutants, several concurrently, and write every result as it arrives."""

    def attempt(mutant: Mutant, worker: Worker) -> Result:
        return try_one(mutant, tests, worker)

    with file.open("a") as out:
        for number, result in enumerate(workers.map(attempt, mutants), 1):
            if result is None:
                continue
            out.write(json.dumps(asdict(result)) + "\n")
            out.flush()
            print(f"{number}/{len(mutants)} {result.fate:<9} {result.key} {result.by}", flush=True)


def try_one(mutant: Mutant, tests: Tests, worker: Worker) -> Result:
    """Apply the change in the copy, run the tests of the statement, and revert the change."""
    file = worker.place / mutant.path
    before = file.read_text()
    after = mutated(before, mutant)
    selection = tests.select(mutant, before)
    doctests = [f"refinegraph/{mutant.path}"] if ">>> " in before else []
    words = [*doctests, *selection.tests]
    file.write_text(after)
    try:
        by = killer(words, selection, worker)
    finally:
        file.write_text(before)
    unnoticed = "survived" if selection.tests and selection.direct else "untested"
    fate = "killed" if by else unnoticed
    return Result(mutant.key, fate, difference(before, after), by, tests.digest)


def killer(tests: Sequence[str], selection: Selection, worker: Worker) -> str:
    """Return the first test that fails twice, or an empty string."""
    # Thrice the time that the tests took, since the machine may be busier by now.
    limit, each = 60.0 + 3 * selection.seconds, 20.0 + 3 * selection.longest
    while tests:
        first = worker.run(tests, limit, each=each)
        if not first["failed"]:
            break
        by = str(first["by"])
        if worker.run([by] if "::" in by else tests, limit, each=each)["failed"]:
            return by
        remaining = [test for test in tests if not by.startswith(test)]
        tests = remaining if len(remaining) < len(tests) else []
    return ""


def difference(before: str, after: str) -> str:
    """Return the lines that differ."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


if __name__ == "__main__":
    main()
