"""Memory: notes that outlive a candidate, a round or a run.

Notes of a run are part of its state. A `Memory` keeps them between runs, or reads what others
wrote: `SQLiteMemory` on disk, `Documents` in a folder, `StoreMemory` over a LangGraph store.
`recall` and `remember` are the operators that read and write one.
"""

from refinegraph.agents.memory.documents import Documents
from refinegraph.agents.memory.langgraph_store import StoreMemory
from refinegraph.agents.memory.memory import Embedder, Memory
from refinegraph.agents.memory.operators import informed, recall, remember
from refinegraph.agents.memory.sqlite_memory import SQLiteMemory

__all__ = [
    "Documents",
    "Embedder",
    "Memory",
    "SQLiteMemory",
    "StoreMemory",
    "informed",
    "recall",
    "remember",
]
