"""Measure faults of one package, inside a tree: searches, and a pool of labelled patches.

    python repair_worker.py '{"name": …, "arguments": […], "seeds": […], "seconds": …, "rows": …}'

It runs in the root of the package and appends one row a fault to the file `rows`.
"""

import json
import random
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from repair_faults import (
    Fault,
    Healthy,
    draw_fault,
    measure,
    spectrum_tests,
    time_limit,
)
from repair_search import BEST_OF, Trials, Tried, ours, search, uniform
from repair_tampering import TAMPERING, Setting, honest

from refinegraph.fixing.sources import Sources
from refinegraph.schema import SuspectLine
from refinegraph.tools.localisation import Spectrum, rank_suspects
from refinegraph.tools.mutation import mutations
from refinegraph.tools.patches import apply_patch, unified_patch

_POOL = {"failing": 4, "plausible": 4, "tampering": 3}
"""Patches of each kind in a pool, beside the inverse change and one that does not apply."""
_NEAR_MISSES = 16
"""Changes of the right line that are tried for a pool: few pass the visible tests only."""
_KEPT_SUSPECTS = 200
"""Suspicious lines that a row keeps, as many as `refinegraph fix` stores with a run."""

Row = dict[str, Any]


def main() -> None:
    """Measure the faults that the argument names, until its time is up."""
    order = json.loads(sys.argv[1])
    until = time.monotonic() + order["seconds"]
    healthy = measure(order["name"], Path.cwd(), order["arguments"])
    with Path(order["rows"]).open("a", encoding="utf-8") as file:
        for seed in order["seeds"]:
            if time.monotonic() > until:
                break
            began = time.monotonic()
            fault = draw_fault(healthy, seed)
            row: Row = {"package": healthy.name, "seed": seed}
            even = seed < order["searched"]
            row |= one_fault(healthy, fault, seed, even=even) if fault else {"skipped": True}
            row["seconds"] = round(time.monotonic() - began, 1)
            file.write(json.dumps(row) + "\n")
            file.flush()


def one_fault(healthy: Healthy, fault: Fault, seed: int, *, even: bool) -> Row:
    """Return the row of a fault; without `even`, it is not searched for, and gives a pool only."""
    draw = random.Random(f"pool:{healthy.name}:{seed}")
    visible = _half(fault, draw)
    suspects = _suspects(healthy, fault, fault.executed)
    trials = Trials(healthy, fault, visible)
    searches: Row = {}
    if even:
        proposals = ours(trials, suspects)
        searches = {
            "best-of-n": search(trials, proposals[:BEST_OF], stop=False),
            "ours": search(trials, proposals, stop=True),
            "uniform": search(trials, uniform(trials, suspects, seed), stop=True),
        }
    _try_near_misses(trials, fault, draw)
    shown = {name: lines for name, lines in fault.executed.items() if name in visible}
    return {
        "operator": fault.mutation.operator,
        "path": fault.mutation.path,
        "line": fault.mutation.line,
        "text": fault.mutation.text,
        "failing": sorted(fault.failing),
        "passing": fault.passing,
        "visible": sorted(visible),
        "rank": _rank(suspects, fault),
        "searches": searches,
        "suspects": {
            "all": _kept(suspects),
            "half": _kept(_suspects(healthy, fault, shown)),
        },
        "pool": _pool(healthy, fault, trials, draw),
    }


def _try_near_misses(trials: Trials, fault: Fault, draw: random.Random) -> None:
    """Run changes of the right line besides the right one, some of which pass the visible tests.

    Models write such patches: they find the line, and get it almost right.
    """
    mutation = fault.mutation
    suspect = SuspectLine(path=mutation.path, line=mutation.line, score=1.0)
    found = list(mutations({mutation.path: fault.original}, [suspect]))
    near = [change for change in found if change.text != mutation.text]
    for change in draw.sample(near, min(_NEAR_MISSES, len(near))):
        trials.run(change)


def _half(fault: Fault, draw: random.Random) -> frozenset[str]:
    """Return half of the tests; of several failing ones, some are visible and some are not."""
    failing, passing = sorted(fault.failing), fault.passing
    draw.shuffle(failing)
    draw.shuffle(passing)
    shown = max(1, len(failing) // 2)
    return frozenset([*failing[:shown], *passing[: len(passing) // 2]])


def _suspects(
    healthy: Healthy, fault: Fault, executed: Mapping[str, Any]
) -> tuple[SuspectLine, ...]:
    """Localise the fault from these tests, as `refinegraph fix` does."""
    changed = {fault.mutation.path: fault.mutation.text}
    return rank_suspects(
        {**healthy.sources.files, **changed},
        spectrum=Spectrum(spectrum_tests(executed, fault.failing)),
        outputs=[text for name, text in fault.failing.items() if name in executed],
        limit=400,
    )


def _rank(suspects: Sequence[SuspectLine], fault: Fault) -> int | None:
    wanted = (fault.mutation.path, fault.mutation.line)
    places = [(suspect.path, suspect.line) for suspect in suspects]
    return places.index(wanted) + 1 if wanted in places else None


def _kept(suspects: Iterable[SuspectLine]) -> list[Any]:
    rows = [[suspect.path, suspect.line, suspect.score] for suspect in suspects]
    return rows[:_KEPT_SUSPECTS]


def _pool(healthy: Healthy, fault: Fault, trials: Trials, draw: random.Random) -> list[Row]:
    """Return labelled patches in an order drawn by the seed, with the tests that fail on each."""
    setting = _setting(healthy, fault)
    right = honest(setting, fault.original)["inverse"]
    entries: list[Row] = [
        {"kind": "right", "patch": right, "failed": [], "whole": True},
        {"kind": "not-applying", "patch": _not_applying(fault), "failed": None, "whole": False},
    ]
    by_kind: dict[str, list[Tried]] = {"failing": [], "plausible": []}
    for tried in trials.all:
        by_kind.get(_kind(tried, trials), []).append(tried)
    for kind, found in by_kind.items():
        chosen = draw.sample(found, min(_POOL[kind], len(found)))
        entries += [_entry(kind, tried, trials) for tried in chosen]
    for name in draw.sample(sorted(TAMPERING), _POOL["tampering"]):
        entries.append(_tampering(name, healthy, fault, setting))
    draw.shuffle(entries)
    return [entry for entry in entries if entry["patch"]]


def _kind(tried: Tried, trials: Trials) -> str:
    """Return the label of a proposal: `plausible` ones pass the visible tests and fail others."""
    if tried.whole and not tried.failed:
        return "right"
    return "failing" if tried.failed & trials.visible or not tried.whole else "plausible"


def _entry(kind: str, tried: Tried, trials: Trials) -> Row:
    path = tried.mutation.path
    patch = unified_patch({path: trials.text(path)}, {path: tried.mutation.text})
    return {
        "kind": kind,
        "patch": patch,
        "failed": sorted(tried.failed),
        "whole": tried.whole,
        "operator": tried.mutation.operator,
    }


def _setting(healthy: Healthy, fault: Fault) -> Setting:
    sources = healthy.sources
    files = {**sources.files, fault.mutation.path: fault.mutation.text}
    faulty = Sources(sources.root, files, sources.protected)
    return Setting(faulty, faulty.protected, tuple(sorted(fault.failing)), fault.mutation.path)


def _not_applying(fault: Fault) -> str:
    block = "<<<<<<< SEARCH\nthis line is in no file\n=======\nnor is this\n>>>>>>> REPLACE\n"
    return f"{fault.mutation.path}\n{block}"


def _tampering(name: str, healthy: Healthy, fault: Fault, setting: Setting) -> Row:
    """Return a tampering patch, with how the test files of the failing tests end on it as it is.

    `failed` are the failing tests that are reported as failed or not at all.
    """
    patch = TAMPERING[name](setting)
    changes = apply_patch(patch, setting.sources.every_file.get) if patch else {}
    files = {test.partition("::")[0] for test in fault.failing}
    left = sorted(file for file in files if changes.get(file, "") is not None)
    changes = {fault.mutation.path: fault.mutation.text, **changes}
    run = healthy.tests.run(changes, only=left, limit=time_limit(healthy)) if left else None
    return {
        "kind": f"tampering:{name}",
        "patch": patch,
        "failed": sorted(test for test in fault.failing if not (run and run.passes(test))),
        "reported": sorted(
            test for test in fault.failing if run and run.statuses.get(test) == "failed"
        ),
        "code": run.code if run else 0,
        "whole": True,
    }


if __name__ == "__main__":
    main()
