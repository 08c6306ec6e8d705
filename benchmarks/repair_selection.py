"""Play pools of labelled patches through the graph, and see which patch each rule takes.

The outcomes of the tests were recorded, so that nothing is run: the graph, its reader, its checker
and its selector are the ones that ship, and a suite answers from the records.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from repair_judging import IN_MODULE
from repair_packages import PACKAGES, download

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.fixing.baseline import Localised
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.problem import repository_problem
from refinegraph.fixing.running import repair_with
from refinegraph.fixing.selecting import best_patch
from refinegraph.fixing.sources import Sources, read_sources
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.fixing.workshop import Workshop
from refinegraph.schema import Candidate, CaseOutcome, Isolation, SuspectLine, Verdict
from refinegraph.tools.patches import apply_patch
from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.test_runs import Baseline
from refinegraph.tools.workspace import CommandResult

Row = dict[str, Any]
Changes = Mapping[str, str | None]


class RecordedSuite(Suite):
    """A suite that answers from recorded outcomes, and knows the visible tests only."""

    def __init__(
        self, row: Row, judged: Row, visible: Sequence[str], sources: Sources, command: str
    ) -> None:
        super().__init__(Sandbox(), sources.root, command)
        self.visible = tuple(visible)
        self.failing = frozenset(row["failing"])
        self.tampering = judged["tampering"]
        self.entries = {
            _key(changes, sources): entry
            for entry in row["pool"]
            if (changes := _changes(entry["patch"], sources)) is not None
        }
        self.sources = sources

    async def run(self, changes: Changes | None = None, **keywords: Any) -> SuiteRun:
        """Return how the visible tests end, or those that are named."""
        names = keywords.get("only") or self.visible
        failed = self.failing
        if changes:
            failed = frozenset(self.entries[_key(changes, self.sources)]["failed"])
        tests = {
            name: CaseOutcome(id=name, status="failed" if name in failed else "passed")
            for name in names
        }
        return SuiteRun(tests, _result(ok=not failed.intersection(names)))

    async def judge(
        self, changes: Changes, baseline: Baseline, *, protect: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict of the visible tests; tampering was judged by the shipped judge."""
        entry = self.entries[_key(changes, self.sources)]
        run = await self.run(changes)
        tampers = entry["kind"].startswith("tampering:")
        guarded = not tampers or self.tampering[entry["kind"]][0]
        lost = [name for name in baseline.passing if not run.tests[name].passed]
        wanted = [run.tests[name] for name in baseline.failing_ids]
        passed = guarded and not lost and all(outcome.passed for outcome in wanted)
        return Verdict(
            passed=passed,
            status="passed" if passed else "failed",
            tests=(*wanted, *(run.tests[name] for name in lost)),
            isolation=Isolation(tier="weak"),
            strength="in process with guards",
        )


def _key(changes: Changes, sources: Sources) -> tuple[tuple[str, str | None], ...]:
    """Return what identifies a patch once changes of protected files are left out."""
    return tuple(sorted((p, t) for p, t in changes.items() if p not in sources.protected))


def _changes(patch: str, sources: Sources) -> Changes | None:
    """Return the files of a patch without any protection; None where it does not apply."""
    return apply_patch(patch, sources.every_file.get) if patch.startswith("diff --git") else None


def _result(*, ok: bool) -> CommandResult:
    return CommandResult(
        command=("pytest",), exit_code=0 if ok else 1, seconds=0, isolation=Isolation(tier="none")
    )


async def play_row(row: Row, judged: Mapping[tuple[str, int], Row], data: Path) -> Row:
    """Return which patch each rule takes, by its label, with all tests and with half of them."""
    verdicts = judged[row["package"], row["seed"]]
    chosen: Row = {"package": row["package"], "seed": row["seed"]}
    everything = [*row["failing"], *row["passing"]]
    for name, visible in (("all", everything), ("half", row["visible"])):
        chosen[name] = await _play(row, verdicts, name, visible, data)
    return chosen


async def _play(row: Row, judged: Row, name: str, visible: Sequence[str], data: Path) -> Row:
    pool, workshop = row["pool"], _workshop(row, judged, name, visible, data)
    options = FixOptions(path=str(workshop.sources.root), test=workshop.suite.command)
    parts = (options, workshop.sources, workshop.baseline, workshop.localised)
    result = await repair_with(
        FixOptions(
            model=ScriptedChatModel([entry["patch"] for entry in pool]),
            strategy="best-of-n",
            samples=len(pool),
            select=best_patch(workshop.sources.python()),
        ),
        repository_problem(*parts, ""),
        workshop=workshop,
    )
    by_id = {candidate.id: pool[candidate.sort_key[1]] for candidate in result.candidates}
    passing = [c for c in result.candidates if c.verdict and c.verdict.passed]
    taken = by_id[result.selection.candidate_id] if result.selection.candidate_id else None
    return {
        "ours": taken["kind"] if taken and result.solved else None,
        "first": _first(pool, set(visible), workshop.sources),
        "agentless": _agentless(row, set(visible), result.candidates),
        "passing": [by_id[candidate.id]["kind"] for candidate in passing],
        "evidence": _evidence(workshop, passing, by_id),
    }


def _workshop(row: Row, judged: Row, name: str, visible: Sequence[str], data: Path) -> Workshop:
    package = next(package for package in PACKAGES if package.name == row["package"])
    healthy = read_sources(download(package, data))
    sources = healthy._replace(files={**healthy.files, row["path"]: row["text"]})
    shown = set(visible)
    failing = [name for name in row["failing"] if name in shown]
    suspects = [
        SuspectLine(path=path, line=line, score=score)
        for path, line, score in row["suspects"][name]
    ]
    baseline = Baseline(
        failing=tuple(CaseOutcome(id=name, status="failed") for name in failing),
        passing=tuple(name for name in row["passing"] if name in shown),
        flaky=(),
        skipped=(),
        collected=len(visible),
        strength="reported",
        seconds=1.0,
    )
    suite = RecordedSuite(row, judged, visible, sources, package.command)
    return Workshop(suite, sources, baseline, Localised(tuple(suspects), None))


def _evidence(
    workshop: Workshop, passing: Sequence[Candidate], by_id: Mapping[str, Row]
) -> list[Any]:
    """Return what the selector weighed, so that its rule can be examined afterwards."""
    selector = best_patch(workshop.sources.python())
    votes = Counter(candidate.equivalence_class for candidate in passing)
    rows: list[Any] = []
    for candidate in passing:
        evidence = selector.evidence(candidate, votes[candidate.equivalence_class])
        rows.append([by_id[candidate.id]["kind"], *evidence])
    return rows


def _first(pool: Sequence[Row], visible: set[str], sources: Sources) -> str | None:
    """Return the first patch with which the test command exits with 0, whatever it changes."""
    for entry in pool:
        if _changes(entry["patch"], sources) is not None and _exits_with_0(entry, visible):
            return str(entry["kind"])
    return None


def _exits_with_0(entry: Row, visible: set[str]) -> bool:
    if "code" not in entry:
        return bool(entry["whole"]) and not visible.intersection(entry["failed"])
    unseen = entry["code"] == 1 and not visible.intersection(entry["reported"])
    return entry["code"] == 0 or unseen


_APPLIED = (*IN_MODULE, "tampering:sitecustomize")
"""Tampering that changes no file of the tests, so that Agentless would apply it."""


def _agentless(row: Row, visible: set[str], candidates: Sequence[Candidate]) -> str | None:
    """Return the choice of Agentless (arXiv 2407.01489).

    Fewest regressions come first, then the most reproduction tests passed, here the failing ones,
    then a vote among patches that are equal after normalisation; the earliest of several. Test
    files are those of the checkout, as the benchmark that it was made for puts them back. A patch
    whose regressions are unknown leaves failing tests failing: it could not win, since the right
    patch has no regression and passes all of them.
    """
    votes = Counter(candidate.equivalence_class for candidate in candidates)
    wanted = visible.intersection(row["failing"])
    ranked: list[tuple[tuple[int, int, int, int], str]] = []
    for candidate in candidates:
        entry = row["pool"][candidate.sort_key[1]]
        if not entry["whole"]:
            continue
        left_out = "code" in entry and entry["kind"] not in _APPLIED
        failed = wanted if left_out else visible.intersection(entry["failed"])
        vote = votes[candidate.equivalence_class] if candidate.equivalence_class else 1
        rank = len(failed - wanted), len(failed & wanted), -vote, candidate.sort_key[1]
        ranked.append((rank, entry["kind"]))
    return min(ranked)[1] if ranked else None
