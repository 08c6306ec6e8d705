"""Serialization of checkpoints: only data of known types, never pickled objects."""

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

_MODULES = (
    "refinegraph.schema",
    "refinegraph.graphs.state",
    "refinegraph.graphs.nodes.types",
    "refinegraph.graphs.nodes.human",
)


def checkpoint_serializer() -> JsonPlusSerializer:
    """Return a serializer for LangGraph checkpointers that accepts only this library's types.

    Pass it to a checkpointer as `serde`. Data of any other type in a checkpoint is not
    deserialized into an object.

    >>> from langgraph.checkpoint.memory import InMemorySaver
    >>> saver = InMemorySaver(serde=checkpoint_serializer())
    """
    return JsonPlusSerializer(pickle_fallback=False, allowed_msgpack_modules=_types())


def _types() -> list[tuple[str, str]]:
    from importlib import import_module

    from pydantic import BaseModel

    types: list[tuple[str, str]] = []
    for name in _MODULES:
        for member in vars(import_module(name)).values():
            if isinstance(member, type) and issubclass(member, BaseModel | tuple):
                types.append((member.__module__, member.__qualname__))
    return sorted(set(types))
