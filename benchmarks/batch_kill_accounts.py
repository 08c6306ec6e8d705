"""Account for the calls of a batch whose processes were killed, from the logs of its server."""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

READ_LATE = 2.0
"""Seconds by which a busy server may read a request after the process that sent it has died."""


class Kill(NamedTuple):
    """One kill, and what the process left behind."""

    struck: float
    """When the signal was sent."""
    at: float
    """When the files were read, after the process had died."""
    victim: str
    ports: list[int]
    """Of the connections of the process, and with a driver, of all workers."""
    pages: list[int]
    """The problems that had their line."""
    kept: list[str]
    """Digests of the requests whose answers were kept for the problems under way."""
    survivors: tuple[str, ...] = ()
    """Processes that outlived their killed driver by ten seconds."""

    @property
    def cuts_all(self) -> bool:
        """Whether the calls of every worker could be cut off."""
        return self.victim == "driver"


class Ask(NamedTuple):
    """A request that the server got."""

    at: float
    digest: str
    page: int
    port: int


class Repeat(NamedTuple):
    """A request that was sent again, and the kill between the two."""

    kill: Kill | None
    was_late: bool
    """Whether it was first sent after the kill, by a process that did not know of it yet."""
    waited: float | None
    """Seconds from its answer to the kill; None if the process died before there was an answer."""


class Accounts(NamedTuple):
    """The calls of a whole trial."""

    calls: int
    repeats: list[Repeat]
    paid: int
    """Requests that were sent again although their answers had been kept."""

    @property
    def unexplained(self) -> int:
        """Repeats without a kill."""
        return sum(repeat.kill is None for repeat in self.repeats)

    def lines(self) -> Iterator[str]:
        """Yield what there is to say about the repeats."""
        late = sum(repeat.was_late for repeat in self.repeats)
        waits = sorted(r.waited for r in self.repeats if r.waited is not None)
        victims = dict(Counter(r.kill.victim for r in self.repeats if r.kill))
        yield f"{len(self.repeats)} requests were sent twice, {self.paid} after they were kept"
        yield f"  killed between the two: {victims}; nothing: {self.unexplained}"
        yield f"  {late} were first read by the server after the kill"
        if waits:
            median, most = waits[len(waits) // 2], waits[-1]
            yield f"  {len(waits)} had their answer {median:.3f} s (median; at most {most:.3f} s)"
            yield "  before the kill, and the others none"


def accounts_of(log: Path, kills: Sequence[Kill]) -> Accounts:
    """Return the accounts."""
    asks = [Ask(float(at), digest, int(page), int(port)) for at, digest, page, port in _rows(log)]
    answers: dict[str, list[float]] = {}
    for at, digest in _rows(log.with_name(f"{log.name}.answered")):
        answers.setdefault(digest, []).append(float(at))
    times: dict[str, list[Ask]] = {}
    for ask in asks:
        times.setdefault(ask.digest, []).append(ask)
    repeats = [
        _repeat(first, again.at, answers.get(first.digest, []), kills)
        for same in times.values()
        for first, again in pairwise(same)
    ]
    return Accounts(len(asks), repeats, _paid(asks, kills))


def _rows(file: Path) -> Iterator[list[str]]:
    return (line.split() for line in file.open())


def _repeat(first: Ask, again: float, answers: Sequence[float], kills: Sequence[Kill]) -> Repeat:
    """Find the kill between two requests; `answers` are the times of all answers, in order."""
    between = [k for k in kills if first.at <= k.at + READ_LATE and k.struck <= again]
    kill = next((kill for kill in between if first.port in kill.ports), None)
    # A worker that outlives its driver may have opened another connection.
    late = next((k for k in between if k.cuts_all and k.struck < first.at), None)
    if kill is None:
        return Repeat(late, late is not None, None)
    place = bisect_left(answers, first.at)
    has_answer = place < len(answers) and answers[place] <= min(kill.struck, again)
    waited = kill.struck - answers[place] if has_answer else None
    return Repeat(kill, kill.struck < first.at, waited)


def _paid(asks: Sequence[Ask], kills: Sequence[Kill]) -> int:
    last_of_digest = {ask.digest: ask.at for ask in asks}
    last_of_page = {ask.page: ask.at for ask in asks}
    paid: set[str] = set()
    for kill in kills:
        paid |= {digest for digest in kill.kept if last_of_digest.get(digest, 0) > kill.at}
        paid |= {f"{page}" for page in kill.pages if last_of_page.get(page, 0) > kill.at}
    return len(paid)


def lines_of(out: Path) -> list[dict[str, Any]]:
    """Return the complete lines of an output."""
    if not out.exists():
        return []
    return [json.loads(line) for line in out.open() if line.endswith("\n")]
