"""The likely repairs of programs that use most of Python, in the order in which they are tried."""

from collections.abc import Iterator
from itertools import islice

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation import mutations
from refinegraph.tools.mutation.injection import program_errors, text_errors

PROGRAMS = {
    "loops.py": """\
def window(values, size=3, *, step=1):
    best, start = None, 0
    for i in range(len(values) - size + 1):
        part = values[i : i + size]
        if not part or min(part) < 0:
            continue
        total = sum(part) / size
        if best is None or total > best and i % step == 0:
            best, start = total, i
        elif total == best:
            break
    while start > 0 and values[start - 1] >= 0:
        start -= 1
    return best, -start
""",
    "classes.py": """\
import math


class Account:
    rate = 0.05

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance
        self.log = []

    def deposit(self, amount, fee=1.5):
        if amount <= 0 and not self.owner:
            raise ValueError("amount")
        self.balance += amount - fee
        self.log.append(("in", amount))
        return self.balance

    def interest(self, years):
        gain = self.balance * (1 + self.rate) ** years
        return round(max(gain, 0.0), 2)


def shared(first, second):
    try:
        ratio = first.balance // second.balance
    except ZeroDivisionError:
        return math.inf
    finally:
        second.log.clear()
    return abs(ratio) if first is not second else None
""",
    "texts.py": """\
def words(text, limit=10, upper=False):
    found = {}
    for number, line in enumerate(text.strip().split("\\n"), 1):
        for word in line.lower().split():
            word = word.strip(".,")
            if word in found and len(word) != 1:
                found[word] = found[word] + [number]
            else:
                found.setdefault(word, []).append(number)
    ranked = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]), reverse=upper)
    shown = [f"{word}: {lines[-1]}" for word, lines in ranked[:limit] if lines and word]
    return any(shown) and "; ".join(shown) or ""


def left(bits, count):
    mask = (1 << count) - 1
    return ~bits & mask | bits >> 2 ^ count
""",
}
SOLUTION = "There are 3 boxes with 12.5 kg each, so 3 * 12.5 = 37.5 kg; minus 7 leaves 30.5 kg."
MOST = 200


def outcomes() -> Iterator[str]:
    """Yield the first changes of each program, with their score; then the errors of a few seeds."""
    for path, text in PROGRAMS.items():
        rows = enumerate(text.splitlines(), 1)
        suspects = [
            SuspectLine(path=path, line=number, score=1 / (1 + number % 4))
            for number, row in rows
            if row.strip()
        ]
        for change in islice(mutations(PROGRAMS, suspects, seed=len(path)), MOST):
            yield (
                f"{path}:{change.line} {change.operator} {change.score:.5f} "
                f"{change.before!r} -> {change.after!r}"
            )
        for error in islice(program_errors(text, seed=1), 12):
            yield f"{path} {error.type} at {error.start}: {error.before!r} -> {error.after!r}"
    for error in text_errors(SOLUTION, seed=2):
        yield f"{error.type} at {error.start}: {error.before!r} -> {error.after!r}"
