"""Record the demo as an animated picture.

    python -m docs.recording docs/images/demo.svg

The command is really run. What it draws is followed as a terminal would, and each row of the screen
is shown in the picture for as long as it stood there. Of the demo's tasks the shortest one that had
to be repaired is shown, slower than it ran, so that it can be read. Animations are CSS, which
browsers also run in an `<img>`; readers who prefer reduced motion see the last picture.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

_COLUMNS = 92
_COMMAND = (sys.executable, "-m", "refinegraph", "demo")
_CONTROL = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|(\r?\n)|(\r)")
_TASK = re.compile(r"── task \d+ ──")
_REPAIRED = re.compile(r"\brefiner\b")
_LAST_ROW = re.compile(r"^  sandbox ")
"""The end of the summary of a run."""
_STEP = 0.1
"""Seconds between two pictures: more of them only make the file larger."""
_SLOWER = 4.0
"""The model in the package writes a program within a second."""
_START = 0.5
"""Seconds before the first row appears."""
_HOLD = 6.0
"""Seconds that the last picture stays before the recording begins again."""
_CELL = 8.43
"""Width of a character of 14 pixels, in pixels, in the fonts that are named below."""
_LINE = 19.0
_MARGIN = 18.0
_BAR = 34.0
"""Height of the bar above the screen."""


class Frame(NamedTuple):
    """What stood on the screen from a moment on."""

    seconds: float
    rows: tuple[str, ...]
    """Each with its colours as control sequences."""


class Shown(NamedTuple):
    """A row of the screen, and when it was seen."""

    row: int
    text: str
    begin: float
    end: float | None
    """None for a row that stays."""


class Screen:
    """Follows the few control sequences that progress on a terminal takes.

    >>> screen = Screen()
    >>> screen.write("one\\ntwo\\r\\x1b[2K\\x1b[1A\\x1b[2Kthree")
    >>> screen.rows
    ('three', '')
    """

    def __init__(self) -> None:
        self._rows = [""]
        self._row = 0

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows from the top."""
        return tuple(self._rows)

    def write(self, text: str) -> None:
        """Process the output of a program."""
        position = 0
        for control in _CONTROL.finditer(text):
            self._print(text[position : control.start()])
            position = control.end()
            self._obey(control)
        self._print(text[position:])

    def _print(self, text: str) -> None:
        self._rows[self._row] += text

    def _obey(self, control: re.Match[str]) -> None:
        argument, letter, newline, _ = control.groups()
        if newline:
            self._row += 1
            if self._row == len(self._rows):
                self._rows.append("")
        elif letter == "A":
            self._row = max(0, self._row - int(argument or 1))
        elif letter == "K":
            self._rows[self._row] = ""
        elif letter == "m":
            self._print(control[0])


def record(command: Sequence[str]) -> Iterator[Frame]:
    """Run a command and yield the content of its terminal whenever it changes."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(_COLUMNS)}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    assert process.stdout
    screen, began = Screen(), time.monotonic()
    with process:
        while piece := os.read(process.stdout.fileno(), 1 << 16):
            screen.write(piece.decode(errors="replace"))
            yield Frame(time.monotonic() - began, screen.rows)


def thinned(frames: Iterable[Frame]) -> Iterator[Frame]:
    """Yield the last frame of every step of time."""
    waiting: Frame | None = None
    for frame in frames:
        if waiting and int(waiting.seconds / _STEP) < int(frame.seconds / _STEP):
            yield waiting
        waiting = frame
    if waiting:
        yield waiting


def repaired_task(frames: Sequence[Frame]) -> list[Frame]:
    """Return the frames of the shortest task that was repaired, without the rows around it."""
    last = [_plain(row) for row in frames[-1].rows]
    starts = [number for number, row in enumerate(last) if _TASK.search(row)]
    ends = [number + 1 for number, row in enumerate(last) if _LAST_ROW.search(row)]
    tasks = [
        (end - start, start, end)
        for start, end in zip(starts, ends, strict=True)
        if any(_REPAIRED.search(row) for row in last[start:end])
    ]
    if not tasks:
        raise SystemExit("no task of the demo was repaired; try again")
    _, start, end = min(tasks)
    begun = [frame for frame in frames if len(frame.rows) > start]
    return [
        Frame(_START + _SLOWER * (frame.seconds - begun[0].seconds), frame.rows[start:end])
        for frame in begun
    ]


def shown_rows(frames: Sequence[Frame]) -> list[Shown]:
    """Return for how long each row was seen."""
    found: list[Shown] = []
    for row in range(max(len(frame.rows) for frame in frames)):
        states = [(frame.seconds, _row(frame, row)) for frame in frames]
        changes = [
            state
            for before, state in zip([None, *states], states, strict=False)
            if before is None or before[1] != state[1]
        ]
        ends: list[float | None] = [*(seconds for seconds, _ in changes[1:]), None]
        found += [
            Shown(row, text, begin, end)
            for (begin, text), end in zip(changes, ends, strict=True)
            if _plain(text).strip()
        ]
    return found


def _row(frame: Frame, number: int) -> str:
    return frame.rows[number] if number < len(frame.rows) else ""


def picture(rows: Sequence[Shown], title: str) -> str:
    """Return an animated SVG of the rows."""
    seconds = max(row.end or row.begin for row in rows) + _HOLD
    width = _COLUMNS * _CELL + 2 * _MARGIN
    height = (max(row.row for row in rows) + 1) * _LINE + _BAR + 2 * _MARGIN
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(map(_kind, rows)))}
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{''.join(_rules(kinds, seconds))}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="9" fill="#292929"/>',
        f'<text class="bar" x="{width / 2:.0f}" y="22" text-anchor="middle">{escape(title)}</text>',
        *(_group(row, kinds[_kind(row)]) for row in rows),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _kind(row: Shown) -> tuple[float, float | None]:
    return round(row.begin, 2), None if row.end is None else round(row.end, 2)


def _rules(kinds: Iterable[tuple[float, float | None]], seconds: float) -> Iterator[str]:
    yield (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;"
        "fill:#c5c8c6;white-space:pre}.bar{fill:#8a8a8a}"
        f"g{{animation:{seconds:.2f}s step-end infinite}}"
    )
    for number, (begin, end) in enumerate(kinds):
        start = 100 * begin / seconds
        frames = f"0%{{opacity:0}}{start:.2f}%{{opacity:1}}"
        if end is not None:
            frames += f"{100 * end / seconds:.2f}%{{opacity:0}}"
        yield f"@keyframes k{number}{{{frames}}}.k{number}{{animation-name:k{number}}}"
    gone = ",".join(f".k{number}" for number, (_, end) in enumerate(kinds) if end is not None)
    hide = f"{gone}{{display:none}}" if gone else ""
    yield f"@media (prefers-reduced-motion:reduce){{g{{animation:none}}{hide}}}"


def _group(row: Shown, kind: int) -> str:
    y = _BAR + _MARGIN + row.row * _LINE
    texts = "".join(
        f'<text x="{_MARGIN + column * _CELL:.1f}" y="{y:.0f}" '
        f'textLength="{len(text) * _CELL:.1f}"{_look(style)}>{escape(text)}</text>'
        for column, text, style in _runs(row.text)
        if text.strip()
    )
    return f'<g class="k{kind}">{texts}</g>'


def _runs(row: str) -> Iterator[tuple[int, str, Style]]:
    """Yield the parts of a row that look alike, each with its first column."""
    console = Console(width=1_000, color_system="truecolor")
    column = 0
    for segment in Text.from_ansi(row).render(console):
        text = segment.text.rstrip("\n")[: _COLUMNS - column]
        blank = len(text) - len(text.lstrip())
        yield column + blank, text.strip(), segment.style or Style.null()
        column += len(text)


def _look(style: Style) -> str:
    colour = style.color.get_truecolor(SVG_EXPORT_THEME).hex if style.color else ""
    return "".join(
        [
            f' style="fill:{colour}"' if colour else "",
            ' font-weight="bold"' if style.bold else "",
            ' fill-opacity=".6"' if style.dim else "",
        ]
    )


def _plain(row: str) -> str:
    return _CONTROL.sub("", row)


def _wrapped(frame: Frame) -> Frame:
    """Return a frame whose rows are no wider than the screen, as a terminal breaks them."""
    console = Console(width=_COLUMNS)
    rows: list[str] = []
    for row in frame.rows:
        if len(_plain(row)) <= _COLUMNS:
            rows.append(row)
            continue
        opened = _CONTROL.match(row)
        style = opened[0] if opened and opened[2] == "m" else ""
        parts = Text(_plain(row)).wrap(console, _COLUMNS)
        rows += [f"{style}{part.plain}\x1b[0m" for part in parts]
    return frame._replace(rows=tuple(rows))


def main(target: Path) -> None:
    """Record the demo into a file."""
    frames = [_wrapped(frame) for frame in thinned(record(_COMMAND))]
    rows = shown_rows(repaired_task(frames))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(picture(rows, "refinegraph demo"), encoding="utf-8")
    print(f"{target}: {len(rows)} rows, {target.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
