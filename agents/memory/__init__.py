"""Memory: notes that outlive a candidate, a round or a run.

The notes of a run are part of its state. A `Memory` keeps notes between runs, or serves existing
documents: `SQLiteMemory` on disk, `Documents` in a folder, `StoreMemory` over a LangGraph store.
The operators `recall` and `remember` read and write a memory.
"""

from refinegraph.agents.memory.documents import Documents
from refinegraph.agents.memory.langgraph_store import StoreMemory
from refinegraph.agents.memory.memory import Embedder, Memory
from refinegraph.agents.memory.operators import recall, remember, with_notes
from refinegraph.agents.memory.sqlite_memory import SQLiteMemory

__all__ = [
    "Documents",
    "Embedder",
    "Memory",
    "SQLiteMemory",
    "StoreMemory",
    "recall",
    "remember",
    "with_notes",
]
