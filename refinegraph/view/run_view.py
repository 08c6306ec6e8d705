"""Watch a run: the live picture on a terminal, plain lines anywhere else."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from refinegraph.graphs.events import Decided
from refinegraph.schema import Frozen
from refinegraph.view.console import is_live
from refinegraph.view.run_state import RunState
from refinegraph.view.screen import Screen
from refinegraph.view.transcript import Line, narrate

_FRAMES_A_SECOND = 8


class RunView:
    """A run as it is seen. Give `hear` to `asolve` as `on_event`.

    `state` is what is known so far; the lines that an event adds to the transcript go to `tell`.
    """

    def __init__(self) -> None:
        self.state = RunState()
        self.began = time.monotonic()
        self.tell: Callable[[list[Line], bool], None] = _ignore

    def hear(self, event: Frozen) -> None:
        """Take in one event of the run."""
        before, self.state = self.state, self.state.after(event)
        lines = narrate(event, before)
        if lines:
            self.tell(lines, isinstance(event, Decided))

    def screen(self) -> Screen:
        """Return the picture of this moment."""
        return Screen(self.state, seconds=time.monotonic() - self.began)


@contextmanager
def watch(view: RunView, console: Console, *, quiet: bool = False) -> Generator[None]:
    """Show a run while it happens: redrawn in place on a terminal, else line by line.

    The transcript stays in the scrollback, a round at a time; the picture goes when the run ends,
    however it ends.
    """
    if quiet:
        yield
    elif is_live(console):
        with _live(view, console):
            yield
    else:
        view.tell = lambda lines, done: print_lines(console, lines)
        yield


def print_lines(console: Console, lines: list[Line]) -> None:
    """Print lines of the transcript, cut to the width of a terminal and whole anywhere else."""
    width = console.width if console.is_terminal else None
    for line in lines:
        console.print(line.render(width), soft_wrap=True)


@contextmanager
def _live(view: RunView, console: Console) -> Generator[None]:
    """Draw in a thread of its own; a round's lines go to the scrollback when it is over."""
    pending = _Pending(console)
    view.tell = pending.add
    live = Live(
        console=console,
        get_renderable=view.screen,
        transient=True,
        refresh_per_second=_FRAMES_A_SECOND,
        redirect_stdout=False,
        vertical_overflow="crop",
    )
    try:
        with live:
            yield
    finally:
        pending.flush()


class _Pending:
    """Lines of the transcript that wait for the end of their round."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._lines: list[Line] = []
        self._lock = threading.Lock()

    def add(self, lines: list[Line], round_is_over: bool) -> None:
        with self._lock:
            self._lines.extend(lines)
        if round_is_over:
            self.flush()

    def flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            with self.console:
                print_lines(self.console, lines)


def _ignore(lines: list[Line], round_is_over: bool) -> None:
    return
