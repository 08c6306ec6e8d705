"""Find the source locations named in the output of failing tests."""

import re
from collections.abc import Iterable, Sequence

from refinegraph.tools.localisation.spectrum import Line

_PYTHON = re.compile(r'File "(?P<path>[^"\n]+)", line (?P<number>\d+)')
_PLACE = re.compile(r"(?P<path>[\w./\\@+-]*[\w-]+\.[A-Za-z]\w{0,4})[:(](?P<number>\d+)")
"""`path.py:12`, `src/lib.rs:3:9`, `at f (path.js:3:9)`, `(Name.java:12)`."""


def frames_of(output: str, files: Iterable[str]) -> list[Line]:
    """Return the lines of the given files that an output names, in the order of the output.

    A path in the output matches a file if it ends with the file's path, or if exactly one file's
    path ends with it, since Java names files without their directory.

    >>> frames_of('File "/tmp/x/pkg/a.py", line 3, in f\\n', ["pkg/a.py"])
    [Line(path='pkg/a.py', number=3)]
    >>> frames_of("at Sum.add(Sum.java:7)", ["src/Sum.java"])
    [Line(path='src/Sum.java', number=7)]
    """
    paths = _Files(files)
    frames: list[tuple[int, Line]] = []
    for pattern in (_PYTHON, _PLACE):
        for match in pattern.finditer(output):
            path = paths.find(match["path"].replace("\\", "/"))
            if path:
                frames.append((match.start(), Line(path, int(match["number"]))))
    return list(dict.fromkeys(line for _, line in sorted(frames)))


def frame_scores(outputs: Sequence[str], files: Iterable[str]) -> dict[Line, float]:
    """Return a score from 0 to 1 for every line named in the outputs of failing tests.

    The innermost frame scores 1, and every frame outside it half as much as the one before: an
    error is usually raised close to its cause. A line keeps its best score among all outputs.
    """
    names = tuple(files)
    scores: dict[Line, float] = {}
    for output in outputs:
        for distance, line in enumerate(reversed(frames_of(output, names))):
            scores[line] = max(scores.get(line, 0.0), 0.5**distance)
    return scores


class _Files:
    """The files of a project, looked up by a path that shares their ending."""

    def __init__(self, files: Iterable[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in files:
            self._by_name.setdefault(path.rpartition("/")[2], []).append(path)

    def find(self, path: str) -> str | None:
        """Return the file that a path refers to, or None if no file or several files match."""
        namesakes = self._by_name.get(path.rpartition("/")[2], [])
        suffixes = [file for file in namesakes if f"/{path}".endswith(f"/{file}")]
        if suffixes:
            return max(suffixes, key=len)
        longer = [file for file in namesakes if f"/{file}".endswith(f"/{path.lstrip('./')}")]
        return longer[0] if len(longer) == 1 else None
