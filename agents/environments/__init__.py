"""Environments: systems that an agent acts in and that return an observation for every action.

The operator `act` writes one more thought and action after its parent, followed by the
environment's observation. An environment stays open while its episode goes on; a second branch of a
search is its actions, replayed in a fresh environment unless that is stateless.
"""

from refinegraph.agents.environments.act import act
from refinegraph.agents.environments.environment import Environment, Observation
from refinegraph.agents.environments.gymnasium_text import GymnasiumText
from refinegraph.agents.environments.mcp_tools import open_mcp_tools
from refinegraph.agents.environments.python_session import PythonSession
from refinegraph.agents.environments.rewards import environment_reward
from refinegraph.agents.environments.tool_use import ToolUse

__all__ = [
    "Environment",
    "GymnasiumText",
    "Observation",
    "PythonSession",
    "ToolUse",
    "act",
    "environment_reward",
    "open_mcp_tools",
]
