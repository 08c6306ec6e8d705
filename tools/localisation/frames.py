"""Places in a program that the output of a failing test names."""

import re
from collections.abc import Iterable, Sequence

from refinegraph.tools.localisation.spectrum import Line

_PYTHON = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<number>\d+)')
_PLACE = re.compile(r"(?P<path>[\w./\\@+-]*[\w-]+\.[A-Za-z]\w{0,4})[:(](?P<number>\d+)")
"""`path.py:12`, `src/lib.rs:3:9`, `at f (path.js:3:9)`, `(Name.java:12)`."""


def frames_of(output: str, files: Iterable[str]) -> list[Line]:
    """Return the lines of known files that an output names, in the order of the output.

    A path counts if it ends in the path of a known file, or if it is the end of exactly one: Java
    names files without their folder.

    >>> frames_of('File "/tmp/x/pkg/a.py", line 3, in f\\n', ["pkg/a.py"])
    [Line(path='pkg/a.py', number=3)]
    >>> frames_of("at Sum.add(Sum.java:7)", ["src/Sum.java"])
    [Line(path='src/Sum.java', number=7)]
    """
    known = _Files(files)
    found: list[tuple[int, Line]] = []
    for pattern in (_PYTHON, _PLACE):
        for match in pattern.finditer(output):
            path = known.find(match["path"].replace("\\", "/"))
            if path:
                found.append((match.start(), Line(path, int(match["number"]))))
    return list(dict.fromkeys(line for _, line in sorted(found)))


def frame_scores(outputs: Sequence[str], files: Iterable[str]) -> dict[Line, float]:
    """Return a score from 0 to 1 for lines that outputs of failing tests name.

    The innermost frame gets 1 and each frame outside it half of that: an error is raised close to
    its cause more often than far from it. The best place among all outputs counts.
    """
    names = tuple(files)
    scores: dict[Line, float] = {}
    for output in outputs:
        for distance, line in enumerate(reversed(frames_of(output, names))):
            scores[line] = max(scores.get(line, 0.0), 0.5**distance)
    return scores


class _Files:
    """Known files, found by any path that ends like theirs."""

    def __init__(self, files: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in files:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def find(self, path: str) -> str | None:
        """Return the known file that is meant; None where none or several could be."""
        alike = self._by_name.get(path.rpartition("/")[2], [])
        ends = [known for known in alike if f"/{path}".endswith(f"/{known}")]
        if ends:
            return max(ends, key=len)
        starts = [known for known in alike if f"/{known}".endswith(f"/{path.lstrip('./')}")]
        return starts[0] if len(starts) == 1 else None
