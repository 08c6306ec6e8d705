"""Completion in a session: commands with their summaries, and the arguments that they take."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document


class Suggestion(NamedTuple):
    """One possible completion at the cursor."""

    word: str
    summary: str = ""


class Completable(NamedTuple):
    """A command as the completion sees it."""

    summary: str
    values: Callable[[str], Iterable[Suggestion]] | None = None
    """Returns the possible completions of an argument; None for free text."""
    files: bool = False
    """Whether its argument is a path."""


class SessionCompleter(Completer):
    """Completes `/commands` and bare words such as `help`, then the command's argument."""

    def __init__(
        self, commands: Mapping[str, Completable], *, words: Iterable[str] = ("help", "exit")
    ) -> None:
        self._commands = commands
        self._words = tuple(words)
        self._paths = PathCompleter(expanduser=True)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yield the possible completions at the cursor, with summaries if available."""
        text = document.text_before_cursor
        name, space, argument = text.partition(" ")
        if "\n" in text:
            return
        if not space:
            yield from self._names(text)
            return
        command = self._commands.get(name.removeprefix("/"))
        if not name.startswith("/") or command is None:
            return
        yield from _matching(command.values(argument) if command.values else (), argument)
        if command.files:
            path = Document(argument, len(argument))
            yield from self._paths.get_completions(path, complete_event)

    def _names(self, text: str) -> Iterator[Completion]:
        for name, command in self._commands.items():
            if f"/{name}".startswith(text) and text:
                yield Completion(
                    f"/{name}", -len(text), display=f"/{name}", display_meta=command.summary
                )
        for word in self._words:
            if text and word.startswith(text):
                yield Completion(word, -len(text))


def _matching(values: Iterable[Suggestion], typed: str) -> Iterator[Completion]:
    """Complete the last word of an argument."""
    last = typed.rpartition(" ")[2]
    for value in values:
        if value.word.startswith(last):
            yield Completion(value.word, -len(last), display_meta=value.summary)
