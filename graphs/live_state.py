"""Read the state of the graph that is running, from inside a node that got only a payload."""

from langgraph.config import get_config
from langgraph.pregel._read import ChannelRead

from refinegraph.graphs.state import RefinementState

_FIELDS = list(RefinementState.model_fields)


def live_state() -> RefinementState:
    """Return the state as it was when the super-step began.

    LangGraph passes a node that was sent a payload nothing else. Carrying the state in the payload
    would store it once more with every move.
    """
    values = ChannelRead.do_read(get_config(), select=_FIELDS)
    return RefinementState.model_construct(**values)
