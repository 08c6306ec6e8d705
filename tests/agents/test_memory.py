"""Every memory stores notes once and finds the ones relevant to a text."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.memory import InMemoryStore

from refinegraph.agents import Refiner, Reviewer, Solver, as_operator
from refinegraph.agents.memory import (
    Documents,
    Memory,
    SQLiteMemory,
    StoreMemory,
    recall,
    remember,
    with_notes,
)
from refinegraph.agents.memory.text_index import TextIndex
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.agents.operators import Task
from refinegraph.errors import InputError
from refinegraph.graphs import search_graph
from refinegraph.graphs.policies import from_all, move, schedule
from refinegraph.schema import Note, Problem

SORT = Note(text="Sort the list before you search it by bisection.")
EMPTY = Note(text="Check the empty list first.", about="lists")
UNITS = Note(kind="fact", text="A furlong has 220 yards.")


async def embed(texts: Sequence[str]) -> list[list[float]]:
    """Embed texts by the topics that they mention."""
    topics = (("sort", "order", "bisect"), ("empty", "nothing"), ("furlong", "mile", "yard"))
    return [[float(any(w in text.lower() for w in topic)) for topic in topics] for text in texts]


def words(folder: Path) -> SQLiteMemory:
    """Return a memory that searches notes by words."""
    return SQLiteMemory(folder / "notes.db")


def meaning(folder: Path) -> Memory:
    """Return a memory that also searches notes by meaning."""
    return SQLiteMemory(folder / "notes.db", embed=embed)


def store(folder: Path) -> Memory:
    """Return a memory over a LangGraph store with an index."""
    return StoreMemory(InMemoryStore(index={"dims": 3, "embed": embed, "fields": ["text"]}))


MEMORIES = pytest.mark.parametrize("make", [words, meaning, store])


@MEMORIES
def test_the_most_relevant_note_comes_first(make: Callable[[Path], Memory], tmp_path: Path) -> None:
    memory = make(tmp_path)
    asyncio.run(memory.add([SORT, EMPTY, UNITS]))
    assert asyncio.run(memory.recall("How many yards has a furlong?", k=1)) == (UNITS,)
    assert asyncio.run(memory.recall("What of the empty list?", k=3))[0] == EMPTY


@MEMORIES
def test_a_note_is_kept_once(make: Callable[[Path], Memory], tmp_path: Path) -> None:
    memory = make(tmp_path)
    for _ in range(2):
        asyncio.run(memory.add([SORT, SORT]))
    assert asyncio.run(memory.recall("sort the list", k=5)) == (SORT,)


def test_an_embedder_finds_what_shares_no_word(tmp_path: Path) -> None:
    asked = "In which order?"
    asyncio.run(words(tmp_path).add([UNITS, SORT]))
    assert asyncio.run(words(tmp_path).recall(asked, k=1)) == ()
    memory = meaning(tmp_path / "other")
    asyncio.run(memory.add([UNITS, SORT]))
    assert asyncio.run(memory.recall(asked, k=1)) == (SORT,)


def test_notes_outlive_the_object_and_are_private(tmp_path: Path) -> None:
    first = SQLiteMemory(tmp_path / "deep" / "notes.db")
    asyncio.run(first.add([SORT]))
    first.close()
    second = SQLiteMemory(tmp_path / "deep" / "notes.db")
    assert asyncio.run(second.recall("bisection")) == (SORT,)
    assert (tmp_path / "deep" / "notes.db").stat().st_mode & 0o077 == 0


def test_several_writers_share_a_file(tmp_path: Path) -> None:
    async def write() -> tuple[Note, ...]:
        writers = [words(tmp_path) for _ in range(4)]
        await asyncio.gather(
            *(
                w.add([Note(text=f"lesson {n} of {m}") for n in range(20)])
                for m, w in enumerate(writers)
            )
        )
        return await writers[0].recall("lesson", k=100)

    assert len(asyncio.run(write())) == 80


def test_notes_can_be_kept_in_memory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    memory = SQLiteMemory(":memory:")

    async def kept() -> tuple[Note, ...]:
        await memory.add([SORT])
        return await memory.recall("sort")

    assert asyncio.run(kept()) == (SORT,)
    assert not list(tmp_path.iterdir())


@given(st.text())
def test_any_text_may_be_asked_about(asked: str) -> None:
    index = TextIndex(sqlite3.connect(":memory:"))
    index.add([SORT])
    assert all(row.note == SORT for row in index.search(asked, k=3))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database, but long enough to be read as one" * 40)
    with pytest.raises(InputError, match=r"cannot open the memory '.*notes.db'"):
        asyncio.run(words(tmp_path).recall("x"))


def test_documents_are_searched_by_passage_and_read_only(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Units\n\nA furlong is 220 yards.\n\nA mile is 1760 yards.")
    (tmp_path / "b.bin").write_bytes(b"furlong furlong")
    documents = Documents(tmp_path)
    found = asyncio.run(documents.recall("What is a furlong?", k=1))
    assert [(note.text, note.about) for note in found] == [("A furlong is 220 yards.", "a.md")]
    with pytest.raises(InputError, match="are read-only"):
        asyncio.run(documents.add([SORT]))
    with pytest.raises(InputError, match="is not a folder"):
        Documents(tmp_path / "none")


def test_a_lesson_of_one_run_reaches_the_prompts_of_the_next(tmp_path: Path) -> None:
    memory = words(tmp_path)

    async def lesson(task: Task) -> Note:
        return Note(text=f"Adding lists: begin with an empty one ({task.parent.answer}).")

    def graph(model: ScriptedChatModel) -> object:
        return search_graph(
            operators={
                "solve": recall(memory) >> with_notes(Solver(model)),
                "learn": remember(memory, as_operator(lesson)),
            },
            policy=schedule(move("solve"), from_all("learn")),
            stop=None,
        ).invoke({"problem": Problem(prompt="How many lists are empty?", kind="math")})

    first, second = ScriptedChatModel(["The answer is 3."]), ScriptedChatModel(["The answer is 4."])
    graph(first)
    graph(second)
    assert "begin with an empty one" not in first.calls[0].prompt
    assert "Notes that may help:\n- Adding lists: begin with an empty one (3)." in (
        second.calls[0].prompt
    )


def test_recall_takes_a_positive_number() -> None:
    with pytest.raises(InputError, match="k must be at least 1"):
        recall(Documents("."), k=0)


def test_a_chain_with_memory_is_drawn_by_its_stages(tmp_path: Path) -> None:
    model = ScriptedChatModel([])
    repair = recall(words(tmp_path)) >> Reviewer(model) >> with_notes(Refiner(model))
    assert [stage.name for stage in repair.stages] == ["recall", "review", "refine"]
