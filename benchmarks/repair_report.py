"""Print the figures of the repair benchmark."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

_SEARCHES = ("ours", "uniform", "best-of-n")
_RULES = ("ours", "agentless", "first")


def show_report(records: Sequence[dict[str, Any]]) -> None:
    """Print the figures of evaluation A (selection and safety) and evaluation B (search)."""
    whole = [record for record in records if not record.get("skipped")]
    packages = sorted({record["package"] for record in whole})
    print(f"{len(whole)} faults in {len(packages)} packages: {', '.join(packages)}")
    if not whole:
        return
    _localisation(whole)
    _search(whole)
    _selection(whole, "all", "all tests visible")
    _selection(whole, "half", "half of the tests visible")
    _safety(whole)


def _localisation(records: Sequence[dict[str, Any]]) -> None:
    ranks = [record["rank"] for record in records]
    for most in (1, 10, 50):
        count = sum(rank is not None and rank <= most for rank in ranks)
        print(f"  faulty line among the first {most}: {_share(count, len(ranks))}")


def _search(records: Sequence[dict[str, Any]]) -> None:
    print("search, by test runs:")
    for name in _SEARCHES:
        solved = sum(record[name]["solved"] for record in records)
        runs = sum(record[name]["runs"] for record in records)
        rate = 100 * solved / runs if runs else 0.0
        line = f"{_share(solved, len(records))} solved, {runs} runs, {rate:.2f} per 100 runs"
        print(f"  {name:<10} {line}")
    print("  solved, by the kind of the inserted fault:")
    total = Counter(record["operator"] for record in records)
    solved_kinds = Counter(record["operator"] for record in records if record["ours"]["solved"])
    for kind, count in sorted(total.items(), key=lambda item: -item[1]):
        print(f"    {kind:<20} {solved_kinds[kind]}/{count}")


def _selection(records: Sequence[dict[str, Any]], key: str, title: str) -> None:
    pools = [record for record in records if "right" in record["pool"]]
    hard = [record for record in pools if len(set(record[key]["passing"])) > 1]
    print(f"selection, {title}: {len(pools)} pools, {len(hard)} in which a wrong patch passes too")
    for name in _RULES:
        right = sum(record[key][name] == "right" for record in pools)
        of_hard = sum(record[key][name] == "right" for record in hard)
        print(f"  {name:<10} {_share(right, len(pools))}; of the hard ones {of_hard}/{len(hard)}")


def _safety(records: Sequence[dict[str, Any]]) -> None:
    print("accepted:                 ours         exit code")
    for group in ("tampering", "honest"):
        judged = [
            (name, *pair) for record in records for name, pair in record["safety"][group].items()
        ]
        ours, plain = sum(row[1] for row in judged), sum(row[2] for row in judged)
        print(f"  {group:<12} {ours}/{len(judged)}   {plain}/{len(judged)}")
        kinds = Counter(row[0] for row in judged)
        wrong = Counter(row[0] for row in judged if row[1] == (group == "tampering"))
        for kind, count in wrong.items():
            print(f"    misjudged: {kind} {count}/{kinds[kind]}")


def _share(part: int, whole: int) -> str:
    """Return a share with its 95 % Wilson interval."""
    if not whole:
        return "none"
    share, z = part / whole, 1.96
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    spread = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole**2))
    spread /= 1 + z * z / whole
    return f"{part}/{whole} = {share:.1%} [{middle - spread:.1%}, {middle + spread:.1%}]"
