"""Runs whose super-steps interest nobody.

A checkpointer stores super-steps and a stream reports them. A run without either does not need a
super-step for every move, and LangGraph's cost of one is higher than that of most nodes.
"""

from langchain_core.runnables import RunnableConfig
from langgraph.config import get_config

_INLINE = "__refinegraph_inline"
"""A key of the run's configuration; LangChain keeps keys with underscores out of its traces."""


def inline_config() -> RunnableConfig:
    """Return the configuration of a run that is neither stored nor streamed."""
    return {"configurable": {_INLINE: True}}


def is_inline_run() -> bool:
    """Return whether the running graph was started with `inline_config`."""
    return bool(get_config().get("configurable", {}).get(_INLINE))
