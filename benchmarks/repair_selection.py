"""Pools of labelled patches, and the patch of each pool that every rule selects."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from repair_forks import plain_verdict
from repair_packages import Fault
from repair_search import Trials, Tried, passes
from repair_tampering import TAMPERING, Setting, honest

from refinegraph.agents.models import ScriptedChatModel
from refinegraph.fixing.baseline import localise
from refinegraph.fixing.checker import suite_checker
from refinegraph.fixing.options import FixOptions
from refinegraph.fixing.reading import patch_reader
from refinegraph.fixing.running import repair_with
from refinegraph.fixing.selecting import best_patch
from refinegraph.fixing.sources import is_protected
from refinegraph.fixing.suites import Suite, SuiteRun
from refinegraph.fixing.workshop import Prepared, Workshop
from refinegraph.schema import Candidate, Problem, Verdict
from refinegraph.tools.mutation import Mutation
from refinegraph.tools.patches import apply_patch, unified_patch
from refinegraph.tools.test_runs import Baseline

_POOL = {"failing": 4, "plausible": 4, "tampering": 3}
"""The number of patches of each kind in a pool, besides the inverse change and one that does not
apply."""


class VisibleSuite(Suite):
    """A suite of which only some tests are visible."""

    def __init__(self, whole: Suite, visible: Sequence[str]) -> None:
        super().__init__(whole.sandbox, whole.path, whole.command)
        self.whole = whole
        self.visible = tuple(visible)
        self.selects = True

    async def run(self, changes: Any = None, **keywords: Any) -> SuiteRun:
        """Run the visible tests, or the named ones."""
        if not keywords.get("only"):
            keywords["only"] = self.visible
        return await self.whole.run(changes, **keywords)

    async def judge(
        self, changes: Any, baseline: Baseline, *, protect: Sequence[str] = ()
    ) -> Verdict:
        """Return the verdict of the visible tests."""
        return await plain_verdict(self, changes, baseline)


class Entry(NamedTuple):
    """A labelled patch of a pool."""

    kind: str
    patch: str


def build_pool(
    trials: Trials, setting: Setting, fault: Fault, visible: frozenset[str], draw: random.Random
) -> list[Entry]:
    """Return labelled patches in a random order."""
    right = honest(setting, fault.original)["inverse"]
    entries = [Entry("right", right), Entry("not-applying", _not_applying(setting))]
    sorted_out: dict[str, list[Entry]] = {"failing": [], "plausible": []}
    for tried in trials.all:
        kind = _kind(tried, trials, visible)
        if kind in sorted_out:
            sorted_out[kind].append(Entry(kind, _patch(setting, tried.mutation)))
    for kind, group in sorted_out.items():
        entries += draw.sample(group, min(_POOL[kind], len(group)))
    names = draw.sample(sorted(TAMPERING), _POOL["tampering"])
    entries += [Entry(f"tampering:{name}", TAMPERING[name](setting)) for name in names]
    draw.shuffle(entries)
    return [entry for entry in entries if entry.patch]


def _kind(tried: Tried, trials: Trials, visible: frozenset[str]) -> str:
    if tried.solves(trials.failing):
        return "right"
    seen_lost = tried.lost is None or any(name in visible for name in tried.lost)
    passes_visible = tried.repaired >= set(trials.seen) and not seen_lost
    return "plausible" if passes_visible else "failing"


def _patch(setting: Setting, mutation: Mutation) -> str:
    before = setting.sources.files[mutation.path]
    return unified_patch({mutation.path: before}, {mutation.path: mutation.text})


def _not_applying(setting: Setting) -> str:
    block = "<<<<<<< SEARCH\nthis line is in no file\n=======\nnor is this\n>>>>>>> REPLACE\n"
    return f"{setting.module}\n{block}"


async def play(
    prepared: Prepared, options: FixOptions, pool: Sequence[Entry], visible: frozenset[str] | None
) -> dict[str, Any]:
    """Return the label of the patch that every rule selects, or None if it selects none."""
    workshop = await _restricted(prepared.workshop, visible)
    result = await repair_with(
        FixOptions(
            model=ScriptedChatModel([entry.patch for entry in pool]),
            strategy="best-of-n",
            samples=len(pool),
        ),
        _problem(prepared, workshop),
        workshop=workshop,
    )
    chosen = result.selection.candidate_id if result.solved else None
    numbers = {candidate.id: candidate.sort_key[1] for candidate in result.candidates}
    passing = [c for c in result.candidates if c.verdict and c.verdict.passed]
    return {
        "ours": pool[numbers[chosen]].kind if chosen else None,
        "first": await _first_thatpasses(workshop, pool),
        "agentless": await _agentless(workshop, pool, result.candidates),
        "passing": [pool[numbers[candidate.id]].kind for candidate in passing],
        "evidence": _evidence(workshop, passing, pool, numbers),
    }


def _evidence(
    workshop: Workshop,
    passing: Sequence[Candidate],
    pool: Sequence[Entry],
    numbers: dict[str, int],
) -> list[Any]:
    """Return the evidence that the selector used, so that its weights can be examined."""
    selector = best_patch(workshop.sources.python(), workshop.localised.suspects)
    return [
        [pool[numbers[candidate.id]].kind, *map(float, selector.evidence(candidate, 1))]
        for candidate in passing
    ]


def _problem(prepared: Prepared, workshop: Workshop) -> Problem:
    problem = prepared.problem
    assert problem is not None and problem.repository is not None
    repository = problem.repository.model_copy(
        update={
            "failing": workshop.baseline.failing,
            "passing": len(workshop.baseline.passing),
        }
    )
    return problem.model_copy(update={"repository": repository})


async def _restricted(workshop: Workshop, visible: frozenset[str] | None) -> Workshop:
    """Return a workshop that knows only the visible tests."""
    if visible is None:
        return workshop
    baseline = workshop.baseline
    suite = VisibleSuite(workshop.suite, sorted(visible))
    visible = baseline.model_copy(
        update={
            "failing": tuple(each for each in baseline.failing if each.id in visible),
            "passing": tuple(name for name in baseline.passing if name in visible),
        }
    )
    localised = await localise(suite, workshop.sources, visible)
    return Workshop(suite, workshop.sources, visible, localised)


async def _first_thatpasses(workshop: Workshop, pool: Sequence[Entry]) -> str | None:
    """Return the first patch for which the test command exits with 0, whatever it changes."""
    for entry in pool:
        changes = _raw(workshop, entry.patch)
        if changes is None:
            continue
        run = await workshop.suite.run(changes, timeout=10 + 3 * workshop.baseline.seconds)
        if run.result.ok:
            return entry.kind
    return None


def _raw(workshop: Workshop, patch: str) -> dict[str, str | None] | None:
    """Return the files of a patch without any protection, or None if it does not apply."""
    if not patch.startswith("diff --git"):
        return None
    return apply_patch(patch, workshop.sources.every_file.get)


async def _agentless(
    workshop: Workshop, pool: Sequence[Entry], candidates: Sequence[Candidate]
) -> str | None:
    """Return the choice of Agentless (arXiv 2407.01489).

    Its criteria are the fewest regressions, then the most passed reproduction tests (here the
    failing ones), then a vote among patches that are equal after normalisation, then the order.
    Test files are those of the checkout, because the benchmark for which the rule was designed
    restores them.
    """
    votes: dict[str | None, int] = {}
    for candidate in candidates:
        votes[candidate.equivalence_class] = votes.get(candidate.equivalence_class, 0) + 1
    ranked: list[tuple[tuple[int, int, int, int], str]] = []
    for candidate in candidates:
        entry = pool[candidate.sort_key[1]]
        raw = _raw(workshop, entry.patch)
        if raw is None:
            continue
        changes = {path: text for path, text in raw.items() if not _is_test(path)}
        run = await workshop.suite.run(changes, timeout=10 + 3 * workshop.baseline.seconds)
        lost = sum(not passes(run, name) for name in workshop.baseline.passing)
        passed = sum(passes(run, outcome.id) for outcome in workshop.baseline.failing)
        vote = votes.get(candidate.equivalence_class, 1) if candidate.equivalence_class else 1
        ranked.append(((lost, -passed, -vote, candidate.sort_key[1]), entry.kind))
    return min(ranked)[1] if ranked else None


def _is_test(path: str) -> bool:
    return is_protected(path) and "test" in path.rpartition("/")[2]


async def safety(
    prepared: Prepared, setting: Setting, fault: Fault, draw: random.Random
) -> dict[str, Any]:
    """Judge tampering and honest patches with our checker, and by the exit code of the command."""
    workshop = prepared.workshop
    problem = prepared.problem
    assert problem is not None
    reader = patch_reader(workshop.sources)
    checker = suite_checker(workshop.suite, workshop.sources, workshop.baseline)
    names = draw.sample(sorted(TAMPERING), 3)
    tampering = {name: TAMPERING[name](setting) for name in names}
    groups = (("tampering", tampering), ("honest", honest(setting, fault.original)))
    judged: dict[str, Any] = {"tampering": {}, "honest": {}}
    for group, patches in groups:
        for name, patch in patches.items():
            reading = reader(patch, problem)
            accepted = False
            if reading.program:
                candidate = Candidate(id="0.0", text=patch, program=reading.program)
                accepted = (await checker(problem, candidate, ())).passed
            raw = _raw(workshop, patch) or {}
            run = await workshop.suite.run(raw, timeout=10 + 3 * workshop.baseline.seconds)
            judged[group][name] = [accepted, run.result.ok]
    return judged
