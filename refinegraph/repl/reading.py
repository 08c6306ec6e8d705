"""Read a session's input: lines typed at a terminal, or piped in from a file."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from refinegraph.options.config import home
from refinegraph.support.private_files import make_private_folder, touch_private

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    from refinegraph.repl.completion import Completable

Commands = Mapping[str, "Completable"]
"""Commands by name, as the completion sees them."""
_PROMPT = "refinegraph> "
_CONTINUATION = "        ...> "
"""The mark before each continuation line of a problem."""
# A terminal delivers the rest of a paste within a few milliseconds; a person who presses Enter
# types the next key much later, and does not notice the wait.
_PASTE_SECONDS = 0.03


def typed(commands: Commands) -> Iterator[str]:
    """Yield the lines typed at a terminal, with history, completion and pasted blocks.

    Esc then Enter, or Alt-Enter, begins a new line. Ctrl-C clears the typed text; on an empty line
    it ends the session, as Ctrl-D does.
    """
    session, names = _prompt_session(commands), [f"/{name}" for name in commands]
    while True:
        try:
            yield from split_commands(session.prompt(_PROMPT), names)
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                return
        except EOFError:
            return


def confirmed(question: str) -> bool:
    """Ask a yes-or-no question; anything but yes is no, and so is Ctrl-C."""
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    try:
        return session.prompt(question).strip().lower() in ("y", "yes")
    except (KeyboardInterrupt, EOFError):
        return False


def split_commands(text: str, commands: Collection[str]) -> Iterator[str]:
    """Yield the problems and commands in a text that was typed ahead or pasted.

    A line in the middle is a command only if its first word is one of `commands`, so a problem may
    contain lines that begin with a slash.

    >>> list(split_commands("Write f(x).\\n/usr is in x.\\n/why", ["/why"]))
    ['Write f(x).\\n/usr is in x.', '/why']
    """
    problem: list[str] = []
    for number, line in enumerate(text.splitlines()):
        word = line.partition(" ")[0].rstrip()
        if word in commands or (number == 0 and line.startswith("/")):
            yield from _joined(problem)
            problem = []
            yield line.strip()
        else:
            problem.append(line)
    yield from _joined(problem)


def _joined(lines: list[str]) -> Iterator[str]:
    text = "\n".join(lines).strip("\n")
    if text.strip():
        yield text


def _prompt_session(commands: Commands) -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import FileHistory, InMemoryHistory, ThreadedHistory

    from refinegraph.repl.completion import SessionCompleter

    file = _history_file()
    return PromptSession(
        history=ThreadedHistory(FileHistory(str(file))) if file else InMemoryHistory(),
        completer=SessionCompleter(commands),
        complete_while_typing=False,
        key_bindings=_keys(),
        multiline=True,
        prompt_continuation=_CONTINUATION,
        enable_open_in_editor=True,
    )


def _keys() -> "KeyBindings":
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()
    enter = _Enter()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    @keys.add("enter")
    @keys.add("c-j")
    def _(event: KeyPressEvent) -> None:
        enter.press(event)

    return keys


class _Enter:
    """Sends the text, or begins a new line if more keys follow at once.

    Keys that follow at once come from a paste that the terminal did not bracket.
    """

    def __init__(self) -> None:
        self._pending: asyncio.TimerHandle | None = None

    def press(self, event: "KeyPressEvent") -> None:
        """Wait a moment for more keys; reports of the terminal itself do not count."""
        app, buffer = event.app, event.current_buffer
        processor = app.key_processor

        def more_comes(_: object) -> None:
            stop_waiting()
            buffer.insert_text("\n")

        def accept() -> None:
            stop_waiting()
            if app.is_running:
                buffer.validate_and_handle()

        def stop_waiting() -> None:
            processor.before_key_press.remove_handler(more_comes)
            if self._pending:
                self._pending.cancel()
            self._pending = None

        processor.before_key_press.add_handler(more_comes)
        self._pending = asyncio.get_running_loop().call_later(_PASTE_SECONDS, accept)


def piped(stream: TextIO) -> Iterator[str]:
    """Yield the commands and problems in a file; a blank line or a command ends a problem.

    >>> import io
    >>> list(piped(io.StringIO("Write f(x).\\nIt doubles x.\\n\\n/why\\n")))
    ['Write f(x).\\nIt doubles x.', '/why']
    """
    problem: list[str] = []
    for line in stream:
        ends = line.startswith("/") or not line.strip()
        if ends and problem:
            yield "\n".join(problem)
            problem = []
        if line.startswith("/"):
            yield line.strip()
        elif line.strip():
            problem.append(line.rstrip("\n"))
    if problem:
        yield "\n".join(problem)


def _history_file() -> Path | None:
    try:
        make_private_folder(home())
        file = home() / "history"
        touch_private(file)
    except OSError:
        return None
    return file
