"""Environments: something that an agent acts in and that answers every action.

`act` is the operator: it writes one more thought and action after its parent, and the environment's
observation. A branch of a search is its actions, played again on a fresh environment.
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
