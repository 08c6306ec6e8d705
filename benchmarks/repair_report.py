"""What was measured of repairs, in figures."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

_SEARCHES = ("ours", "uniform", "best-of-n")
_RULES = ("ours", "agentless", "first")

_LOOKED_AT = {
    "toolz": 16,
    "inflection": 12,
    **dict.fromkeys(("parse", "semver", "xmltodict", "cachetools"), 8),
}
"""The first seeds of packages: the rule of selection was chosen on pools of these faults."""

Row = dict[str, Any]


def show_report(faults: Sequence[Row], judged: Sequence[Row], selected: Sequence[Row]) -> None:
    """Print the figures of evaluation A (selection and safety) and B (search)."""
    whole = [row for row in faults if not row.get("skipped")]
    packages = sorted({row["package"] for row in whole})
    print(f"{len(whole)} faults in {len(packages)} packages: {', '.join(packages)}")
    if whole:
        _localisation(whole)
        _search(whole)
    new = [row for row in selected if row["seed"] >= _LOOKED_AT.get(row["package"], 0)]
    for name, pools in (("", selected), (" (faults that were not looked at before)", new)):
        if pools:
            _selection(pools, "all", f"all tests visible{name}")
            _selection(pools, "half", f"half of the tests visible{name}")
    if judged:
        _safety(judged)


def _localisation(rows: Sequence[Row]) -> None:
    ranks = [row["rank"] for row in rows]
    for most in (1, 10, 50):
        found = sum(rank is not None and rank <= most for rank in ranks)
        print(f"  faulty line among the first {most}: {_share(found, len(ranks))}")


def _search(rows: Sequence[Row]) -> None:
    rows = [row for row in rows if set(_SEARCHES) <= set(row["searches"])]
    print(f"search, by test runs, on {len(rows)} faults:")
    rates: dict[str, float] = {}
    for name in _SEARCHES:
        outcomes = [row["searches"][name] for row in rows]
        solved = sum(outcome["solved"] for outcome in outcomes)
        runs = sum(outcome["runs"] for outcome in outcomes)
        rates[name] = 100 * solved / runs if runs else 0.0
        line = f"{_share(solved, len(rows))} solved, {runs} runs, {rates[name]:.2f} per 100 runs"
        print(f"  {name:<10} {line}")
    if rates["uniform"]:
        print(f"  ours solves {rates['ours'] / rates['uniform']:.1f} times as many per run")
    print("  solved by the kind of change that was put in:")
    total = Counter(row["operator"] for row in rows)
    kinds = Counter(row["operator"] for row in rows if row["searches"]["ours"]["solved"])
    print("    " + ", ".join(f"{kind} {kinds[kind]}/{n}" for kind, n in total.most_common()))


def _selection(rows: Sequence[Row], key: str, title: str) -> None:
    hard = [row for row in rows if len(set(row[key]["passing"])) > 1]
    print(f"selection, {title}: {len(rows)} pools, {len(hard)} where a wrong patch passes too")
    for name in _RULES:
        right = sum(row[key][name] == "right" for row in rows)
        of_hard = sum(row[key][name] == "right" for row in hard)
        print(f"  {name:<10} {_share(right, len(rows))}; of the hard ones {of_hard}/{len(hard)}")
    for name in _RULES[1:]:
        print(f"  ours against {name}: {_difference(rows, key, name)}")


def _difference(rows: Sequence[Row], key: str, other: str) -> str:
    """Return how many points ours is above another rule, with a 95 % interval over the pools."""
    gains = [(row[key]["ours"] == "right") - (row[key][other] == "right") for row in rows]
    mean = sum(gains) / len(gains)
    spread = math.sqrt(sum((gain - mean) ** 2 for gain in gains) / len(gains))
    error = 1.96 * spread / math.sqrt(len(gains))
    return f"{100 * mean:+.1f} points [{100 * (mean - error):+.1f}, {100 * (mean + error):+.1f}]"


def _safety(rows: Sequence[Row]) -> None:
    print("accepted:                 ours         plain exit code")
    for group in ("tampering", "honest"):
        judged = [(name, *pair) for row in rows for name, pair in row[group].items()]
        packages = len({row["package"] for row in rows if row[group]})
        ours = sum(row[1] for row in judged)
        plain = [row[2] for row in judged if row[2] is not None]
        counts = f"{ours}/{len(judged)}   {sum(plain)}/{len(plain)}   {packages} packages"
        print(f"  {group:<12} {counts}")
        kinds = Counter(row[0] for row in judged)
        wrong = Counter(row[0] for row in judged if row[1] == (group == "tampering"))
        for kind, count in wrong.items():
            print(f"    judged wrongly: {kind} {count}/{kinds[kind]}")


def _share(part: int, whole: int) -> str:
    """Return a share with its 95 % Wilson interval."""
    if not whole:
        return "none"
    share, z = part / whole, 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole**2))
    spread /= 1 + z * z / whole
    return f"{part}/{whole} = {share:.1%} [{middle - spread:.1%}, {middle + spread:.1%}]"
