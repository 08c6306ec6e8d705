"""A folder of documents as a memory that is only read."""

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
"""Bytes; larger text files are logs or data, which drown everything else."""


class Documents:
    """Find passages in the text files of a folder by full-text search.

    Files are read once, at the first use, and cut at empty lines into passages of at most
    `passage` characters. Costs no model call. `keep` is refused: documents are never written.

    >>> import asyncio, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "units.md").write_text("A furlong is 220 yards.\\n\\nA mile is 1760 yards.")
    >>> note = asyncio.run(Documents(folder).recall("How many yards has a furlong?", k=1))[0]
    >>> note.text, note.about
    ('A furlong is 220 yards.', 'units.md')
    """

    def __init__(
        self, folder: str | Path, *, suffixes: Sequence[str] = _SUFFIXES, passage: int = 1_000
    ) -> None:
        self.folder = Path(folder)
        self.suffixes = tuple(suffixes)
        self.passage = passage
        self._lock = Lock()
        if not self.folder.is_dir():
            raise InputError(f"{str(folder)!r} is no folder; expected one with text files.")

    async def recall(self, about: str, *, k: int = 3) -> tuple[Note, ...]:
        """Return at most `k` passages, the most relevant first, each about its file."""
        return await asyncio.to_thread(self._search, about, k)

    async def keep(self, notes: Sequence[Note]) -> None:
        """Refuse: raises `InputError`."""
        raise InputError(
            f"the documents in {str(self.folder)!r} are only read; keep notes in a SQLiteMemory."
        )

    def __repr__(self) -> str:
        """The call that makes it."""
        return f"Documents({str(self.folder)!r})"

    def _search(self, about: str, k: int) -> tuple[Note, ...]:
        with self._lock:
            return tuple(row.note for row in self._index.search(about, k=k))

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
            for text in passages(path.read_text(encoding="utf-8", errors="replace"), self.passage):
                yield Note(kind="fact", text=text, about=name)


def passages(text: str, longest: int) -> Iterator[str]:
    """Yield a text in passages: whole paragraphs, long ones cut at blanks.

    >>> list(passages("one\\n\\ntwo three", 7))
    ['one', 'two', 'three']
    """
    for paragraph in text.split("\n\n"):
        left = paragraph.strip()
        while len(left) > longest:
            cut = left.rfind(" ", 1, longest + 1)
            cut = longest if cut < 0 else cut
            yield left[:cut].rstrip()
            left = left[cut:].lstrip()
        if left:
            yield left
