"""Lines that a person types, and what they mean together when they are piped in."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from refinegraph.config import home

_PROMPT = "refinegraph> "


def typed(commands: Callable[[], list[str]]) -> Iterator[str]:
    """Yield what is typed at a terminal: history, completion, several pasted lines at once.

    Alt-Enter begins a new line. Ctrl-C clears the line; on an empty one, and with Ctrl-D, it ends.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import PathCompleter, WordCompleter, merge_completers
    from prompt_toolkit.history import FileHistory, InMemoryHistory, ThreadedHistory
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("escape", "enter")
    def _(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    file = _history_file()
    words = WordCompleter(commands, sentence=True)
    session: PromptSession[str] = PromptSession(
        history=ThreadedHistory(FileHistory(str(file))) if file else InMemoryHistory(),
        completer=merge_completers([words, PathCompleter(expanduser=True, min_input_len=1)]),
        complete_while_typing=False,
        key_bindings=keys,
        enable_open_in_editor=True,
    )
    while True:
        try:
            yield session.prompt(_PROMPT)
        except KeyboardInterrupt:
            if not session.default_buffer.text:
                return
        except EOFError:
            return


def piped(stream: TextIO = sys.stdin) -> Iterator[str]:
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
        home().mkdir(parents=True, exist_ok=True)
        file = home() / "history"
        file.touch()
    except OSError:
        return None
    return file
