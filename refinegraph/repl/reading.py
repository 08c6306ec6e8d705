"""Lines that a person types, and what they mean together when they are piped in."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from refinegraph.options.config import home
from refinegraph.support.private_files import make_private_folder, touch_private

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

_PROMPT = "refinegraph> "
# A terminal delivers the rest of a paste within a few milliseconds; a person who presses Enter
# types the next key much later, and does not notice the wait.
_PASTE_SECONDS = 0.03


def typed(commands: Callable[[], list[str]]) -> Iterator[str]:
    """Yield what is typed at a terminal: history, completion, several pasted lines at once.

    Alt-Enter begins a new line. Ctrl-C clears the line; on an empty one, and with Ctrl-D, it ends.
    """
    session = _prompt_session(commands)
    while True:
        try:
            yield from split_commands(session.prompt(_PROMPT), commands())
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                return
        except EOFError:
            return


def confirmed(question: str) -> bool:
    """Ask a question at the terminal; anything but yes is no, and so is Ctrl-C."""
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession()
    try:
        return session.prompt(question).strip().lower() in ("y", "yes")
    except (KeyboardInterrupt, EOFError):
        return False


def split_commands(text: str, commands: Collection[str]) -> Iterator[str]:
    """Yield the problem and the commands of a text that was typed ahead or pasted.

    A line in the middle is a command where its first word is one of `commands`, so that a problem
    may have lines that begin with a slash.

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


def _prompt_session(commands: Callable[[], list[str]]) -> "PromptSession[str]":
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import PathCompleter, WordCompleter, merge_completers
    from prompt_toolkit.history import FileHistory, InMemoryHistory, ThreadedHistory

    file = _history_file()
    words = WordCompleter(commands, sentence=True)
    return PromptSession(
        history=ThreadedHistory(FileHistory(str(file))) if file else InMemoryHistory(),
        completer=merge_completers([words, PathCompleter(expanduser=True, min_input_len=1)]),
        complete_while_typing=False,
        key_bindings=_keys(),
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
    """Ends the text, or begins a new line where keys follow at once.

    That is how a paste looks where the terminal does not mark it as one.
    """

    def __init__(self) -> None:
        self._pending: asyncio.TimerHandle | None = None

    def press(self, event: "KeyPressEvent") -> None:
        """Wait for a moment whether more comes; the terminal's own reports are no keys."""
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
    """Yield commands and problems of a file: a problem goes on until a blank line or a command.

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
