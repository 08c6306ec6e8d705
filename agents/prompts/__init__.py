"""The prompts of the agents, one module per prompt set; every set can be replaced."""

from refinegraph.agents.prompts.choice import PROMPT_SETS, prompts_for
from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.compact2 import COMPACT2
from refinegraph.agents.prompts.embedded import EMBEDDED
from refinegraph.agents.prompts.prompt import Prompt, PromptSet
from refinegraph.agents.prompts.standard import STANDARD

__all__ = [
    "COMPACT",
    "COMPACT2",
    "EMBEDDED",
    "PROMPT_SETS",
    "STANDARD",
    "Prompt",
    "PromptSet",
    "prompts_for",
]
