"""The progress of a run as its client sees it: lines about events, and the text of the answer."""

from refinegraph.agents.models import CallStarted, TokensStreamed
from refinegraph.agents.models.completions.reasoning import split_reasoning
from refinegraph.schema import Frozen
from refinegraph.serving.deltas import Delta, DeltaKind, OnDelta
from refinegraph.terminal.run_state import RunState
from refinegraph.terminal.transcript import narrate
from refinegraph.wording import plural

_LONGEST_LINE = 200
"""Characters of a line of progress: chat programs show it in a narrow box."""


class Progress:
    """Reports the events of one run to a client.

    Args:
        tell: Receives the deltas.
        choice: The number of the answer that the run is for.
        live: Whether the first answer of the Solver is the answer of the run, so that its text can
            be sent as it is written.
    """

    def __init__(self, tell: OnDelta, *, choice: int = 0, live: bool = False) -> None:
        self._tell = tell
        self._choice = choice
        self._state = RunState()
        self._live = LiveText() if live else None
        self._solving: set[int] = set()

    def handle(self, event: Frozen) -> None:
        """Handle one event."""
        if isinstance(event, CallStarted) and event.work and event.work.node == "solve":
            self._solving.add(event.call)
        if isinstance(event, TokensStreamed):
            if self._live and event.call in self._solving:
                self._send("content", self._live.add(event.call, event.text))
            return
        before, self._state = self._state, self._state.after(event)
        lines = [line.render(_LONGEST_LINE).plain.rstrip() for line in narrate(event, before)]
        self._send("reasoning", "".join(f"{line}\n" for line in lines))

    def finish(self, content: str) -> None:
        """Send the part of the answer that has not been sent yet."""
        self._send("content", self._live.rest(content) if self._live else content)

    def say(self, line: str) -> None:
        """Send a line that belongs to no event."""
        self._send("reasoning", f"{line}\n")

    def pulse(self, seconds: float) -> None:
        """Send a line that shows that the run is still active."""
        finished = plural(self._state.usage.llm_calls, "call")
        self.say(f"  … {seconds:.0f} s: {finished} finished, {len(self._state.calls)} under way")

    def _send(self, kind: DeltaKind, text: str) -> None:
        if text:
            self._tell(Delta(kind, text, self._choice))


class LiveText:
    """The text of an answer as it is written, without the reasoning before it.

    >>> live = LiveText()
    >>> [live.add(1, piece) for piece in ("<think>hm", "</think>fo", "ur")]
    ['', 'fo', 'ur']
    >>> live.rest("four")
    ''
    """

    def __init__(self) -> None:
        self._call: int | None = None
        self._written = ""
        self._sent = ""

    def add(self, call: int, piece: str) -> str:
        """Add a piece of a call's text; return the part that can be sent now."""
        if self._call is None:
            self._call = call
        if call != self._call:
            return ""
        self._written += piece
        return self._unsent(self._visible())

    def rest(self, text: str) -> str:
        """Return the unsent rest of the text; all of it if a different text was sent before."""
        if text.startswith(self._sent):
            return text[len(self._sent) :]
        return f"\n\n{text}"

    def _visible(self) -> str:
        start = self._written.lstrip()
        if not start.startswith("<"):
            return self._written
        if "<think>".startswith(start[:7]) and "</think>" not in start:
            return ""
        return split_reasoning(self._written).text

    def _unsent(self, visible: str) -> str:
        if not visible.startswith(self._sent):
            return ""
        new = visible[len(self._sent) :]
        self._sent = visible
        return new
