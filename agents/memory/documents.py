"""A folder of documents as a read-only memory."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock

from refinegraph.agents.memory.text_index import TextIndex
from refinegraph.errors import InputError
from refinegraph.schema import Note

_SUFFIXES = (".md", ".txt", ".rst", ".py", ".json", ".csv", ".toml", ".yaml", ".yml")
_LONGEST_FILE = 2_000_000
"""Maximum file size in bytes; larger text files are logs or data that would dominate a search."""


class Documents:
    """Find passages in the text files of a folder by full-text search.

    Files are read once, at first use, and split at empty lines into passages of at most
    `max_passage` characters. Costs no model call. The memory is read-only: `add` raises
    `InputError`.

    >>> import asyncio, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "units.md").write_text("A furlong is 220 yards.\\n\\nA mile is 1760 yards.")
    >>> note = asyncio.run(Documents(folder).recall("How many yards has a furlong?", k=1))[0]
    >>> note.text, note.about
    ('A furlong is 220 yards.', 'units.md')
    """

    def __init__(
        self, folder: str | Path, *, suffixes: Sequence[str] = _SUFFIXES, max_passage: int = 1_000
    ) -> None:
        self.folder = Path(folder)
        self.suffixes = tuple(suffixes)
        self.max_passage = max_passage
        self._lock = Lock()
        if not self.folder.is_dir():
            raise InputError(f"{str(folder)!r} is not a folder; expected a folder of text files.")

    async def recall(self, query: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` passages, most relevant first; `about` of each is its file."""
        return await asyncio.to_thread(self._search, query, k)

    async def add(self, notes: Sequence[Note]) -> None:
        """Raise `InputError`, because documents are read-only."""
        raise InputError(
            f"the documents in {str(self.folder)!r} are read-only; keep notes in a SQLiteMemory."
        )

    def __repr__(self) -> str:
        """Return the constructor call."""
        return f"Documents({str(self.folder)!r})"

    def _search(self, query: str, k: int) -> tuple[Note, ...]:
        with self._lock:
            return tuple(row.note for row in self._index.search(query, k=k))

    @cached_property
    def _index(self) -> TextIndex:
        index = TextIndex(sqlite3.connect(":memory:", check_same_thread=False))
        index.add(self._passages())
        return index

    def _passages(self) -> Iterator[Note]:
        for path in sorted(self.folder.rglob("*")):
            if path.suffix not in self.suffixes or not path.is_file():
                continue
            if path.stat().st_size > _LONGEST_FILE:
                continue
            name = path.relative_to(self.folder).as_posix()
            for text in passages(
                path.read_text(encoding="utf-8", errors="replace"), self.max_passage
            ):
                yield Note(kind="fact", text=text, about=name)


def passages(text: str, longest: int) -> Iterator[str]:
    """Split a text into passages of at most `longest` characters: paragraphs, cut at spaces.

    >>> list(passages("one\\n\\ntwo three", 7))
    ['one', 'two', 'three']
    """
    for paragraph in text.split("\n\n"):
        remaining = paragraph.strip()
        while len(remaining) > longest:
            cut = remaining.rfind(" ", 1, longest + 1)
            cut = longest if cut < 0 else cut
            yield remaining[:cut].rstrip()
            remaining = remaining[cut:].lstrip()
        if remaining:
            yield remaining
