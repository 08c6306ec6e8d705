"""What a checkpoint may hold: data of known types, never pickled objects."""

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_MODULES = (
    "refinegraph.schema",
    "refinegraph.graphs.state",
    "refinegraph.graphs.nodes.types",
    "refinegraph.graphs.nodes.human",
)


def checkpoint_serializer() -> JsonPlusSerializer:
    """Return a serializer for any LangGraph checkpointer that reads this library's types alone.

    Give it to a checkpointer as `serde`. A checkpoint that names another type is not made into an
    object, whatever it says.

    >>> from langgraph.checkpoint.memory import InMemorySaver
    >>> saver = InMemorySaver(serde=checkpoint_serializer())
    """
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=_types())


def _types() -> list[tuple[str, str]]:
    from importlib import import_module

    from pydantic import BaseModel

    found: list[tuple[str, str]] = []
    for name in _MODULES:
        for member in vars(import_module(name)).values():
            if isinstance(member, type) and issubclass(member, BaseModel | tuple):
                found.append((member.__module__, member.__qualname__))
    return sorted(set(found))
