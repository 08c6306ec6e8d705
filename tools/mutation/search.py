"""Generate mutations of suspicious lines lazily, the likeliest repairs first."""

import ast
import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from refinegraph.schema import SuspectLine
from refinegraph.tools.mutation.catalogue import OPERATORS, MutationOperator
from refinegraph.tools.mutation.sites import Function, Site, sites_of
from refinegraph.tools.mutation.source import Replacement, Source
from refinegraph.tools.programs.python_source import parse_module

_HEAD_SHARE = 0.9
"""Score of a function's parameters, relative to its most suspicious line. A default value is
evaluated when the function is defined, so no test executes it. The value is a choice."""


class Mutation(NamedTuple):
    """A file with one change."""

    path: str
    line: int
    operator: str
    score: float
    """Suspiciousness of the line times the prior of the change."""
    before: str
    """The replaced text."""
    after: str
    """The new text."""
    text: str
    """The whole file after the change."""


def mutations(
    sources: Mapping[str, str],
    suspects: Iterable[SuspectLine],
    *,
    operators: Sequence[MutationOperator] = OPERATORS,
    seed: int = 0,
) -> Iterator[Mutation]:
    """Yield changed files, the likeliest repairs first; every file parses and differs.

    Changes are ordered by the score of their line times the prior of their operator, which the
    operator's alternatives at a site share. The seed breaks ties. The same input gives the same
    sequence, and mutations are generated lazily.

    >>> line = SuspectLine(path="a.py", line=1, score=1.0)
    >>> changed = mutations({"a.py": "small = 1 < 2\\n"}, [line])
    >>> next(changed).text
    'small = 1 <= 2\\n'
    """
    scores: dict[str, dict[int, float]] = {}
    for suspect in suspects:
        scores.setdefault(suspect.path, {})[suspect.line] = suspect.score
    search = _Search(operators, seed)
    for path, lines in scores.items():
        source = sources.get(path, "")
        module = parse_module(source)
        if module is not None:
            search.add_file(path, module, Source(source), lines)
    return search.run()


class _Search:
    """A queue of sites and changes, in which a site is expanded once its bound is the best."""

    def __init__(self, operators: Sequence[MutationOperator], seed: int) -> None:
        self.operators = operators
        self.seed = seed
        self._queue: list[tuple[float, int, int, _ScoredSite | _Change]] = []
        self._pushed = 0
        self._most = max((operator.prior for operator in operators), default=0.0)

    def add_file(
        self, path: str, module: ast.Module, source: Source, lines: Mapping[int, float]
    ) -> None:
        for site in sites_of(module, source, lines=lines.keys()):
            score = _score(site, lines)
            if score > 0:
                self._push(score * self._most, _ScoredSite(path, site, score))

    def run(self) -> Iterator[Mutation]:
        seen: set[tuple[str, int]] = set()
        while self._queue:
            entry = heapq.heappop(self._queue)[-1]
            if isinstance(entry, _ScoredSite):
                self._expand(entry)
                continue
            mutation = entry.mutation()
            key = (entry.scored.path, hash(mutation.text)) if mutation else None
            if mutation and key and key not in seen:
                seen.add(key)
                yield mutation

    def _expand(self, scored: "_ScoredSite") -> None:
        for operator in self.operators:
            for replacement in operator.apply(scored.site):
                score = scored.score * operator.prior * replacement.share
                self._push(score, _Change(scored, operator.name, replacement, score))

    def _push(self, score: float, entry: "_ScoredSite | _Change") -> None:
        self._pushed += 1
        digest = hashlib.blake2b(f"{self.seed}:{self._pushed}".encode(), digest_size=8).digest()
        tie = int.from_bytes(digest, "big") if self.seed else 0
        heapq.heappush(self._queue, (-score, tie, self._pushed, entry))


class _ScoredSite(NamedTuple):
    path: str
    site: Site
    score: float


class _Change(NamedTuple):
    scored: _ScoredSite
    operator: str
    replacement: Replacement
    score: float

    def mutation(self) -> Mutation | None:
        """Return the changed file, or None if it does not parse or does not differ."""
        source, change = self.scored.site.source, self.replacement
        before = source.between(change.start, change.end)
        text = source.replaced(change)
        if before == change.text or parse_module(text) is None:
            return None
        return Mutation(
            path=self.scored.path,
            line=source.text[: len(source.data[: change.start].decode())].count("\n") + 1,
            operator=self.operator,
            score=self.score,
            before=before,
            after=change.text,
            text=text,
        )


def _score(site: Site, lines: Mapping[int, float]) -> float:
    """Return the higher score of a node's line and the first line of its statement."""
    own = lines.get(getattr(site.node, "lineno", 0), 0.0)
    statement = site.statement
    if isinstance(statement, Function) and site.node is not statement:
        body = range(statement.body[0].lineno, (statement.end_lineno or 0) + 1)
        inside = max((lines.get(number, 0.0) for number in body), default=0.0)
        return max(own, _HEAD_SHARE * inside)
    return max(own, lines.get(statement.lineno, 0.0))
