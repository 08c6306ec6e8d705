"""Watch a run: a live view on a terminal, plain lines anywhere else."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.text import Text

from refinegraph.graphs.events import Decided
from refinegraph.schema import Frozen
from refinegraph.terminal.console import is_live
from refinegraph.terminal.limits import NO_LIMITS, Limits
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.screen import Screen
from refinegraph.terminal.transcript import Line, narrate

_FRAMES_A_SECOND = 8
"""Smooth enough for a spinner, and a few percent of one core."""


class RunView:
    """The view of a run. Pass `handle` to `asolve` as `on_event`.

    `state` is the state so far; the lines that an event adds to the transcript go to `tell`.
    """

    def __init__(self, limits: Limits = NO_LIMITS) -> None:
        self.state = RunState()
        self.limits = limits
        self.began = time.monotonic()
        self.streams = False
        """Whether answers should be streamed while they are written."""
        self.tell: Callable[[list[Line], bool], None] = _ignore

    def handle(self, event: Frozen) -> None:
        """Take in one event of the run."""
        before, self.state = self.state, self.state.after(event)
        lines = narrate(event, before)
        if lines:
            self.tell(lines, isinstance(event, Decided))

    def screen(self) -> Screen:
        """Return the current live view."""
        seconds = time.monotonic() - self.began
        return Screen(self.state, seconds=seconds, limits=self.limits)


@contextmanager
def watch(
    view: RunView, console: Console, *, quiet: bool = False, plain: bool = False
) -> Generator[None]:
    """Show a run in progress: in place on a terminal, or as lines otherwise and if `plain`.

    The transcript stays in the scrollback; the live view disappears when the run ends.
    """
    if quiet:
        yield
    elif is_live(console) and not plain:
        view.streams = True
        with _live(view, console):
            yield
    else:
        view.tell = lambda lines, done: print_lines(console, lines)
        yield


def print_lines(console: Console, lines: list[Line]) -> None:
    """Print lines of the transcript, cut to the width of a terminal but whole anywhere else."""
    width = console.width if console.is_terminal else None
    if lines:
        text = Text("\n").join(line.render(width) for line in lines)
        console.print(text, soft_wrap=True)


@contextmanager
def _live(view: RunView, console: Console) -> Generator[None]:
    live = Live(
        console=console,
        get_renderable=view.screen,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        vertical_overflow="crop",
    )
    drawing = _Drawing(live)
    view.tell = drawing.add
    try:
        with live, drawing:
            yield
    finally:
        print_lines(console, drawing.take())


class _Drawing:
    """Draws in a separate thread, because two drawing threads would garble the screen.

    Lines wait for the end of their round and then go to the scrollback above the live view.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._open: list[Line] = []
        self._closed: list[Line] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="refinegraph-view", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def add(self, lines: list[Line], round_is_over: bool) -> None:
        """Keep lines until their round is over."""
        with self._lock:
            self._open += lines
            if round_is_over:
                self._closed, self._open = self._closed + self._open, []

    def take(self) -> list[Line]:
        """Return the lines that have not been printed yet."""
        with self._lock:
            lines = self._closed + self._open
            self._closed, self._open = [], []
        return lines

    def _draw(self) -> None:
        self._live.refresh()
        while not self._done.wait(1 / _FRAMES_A_SECOND):
            with self._lock:
                lines, self._closed = self._closed, []
            if lines:
                print_lines(self._live.console, lines)
            else:
                self._live.refresh()


def _ignore(lines: list[Line], round_is_over: bool) -> None:
    return
