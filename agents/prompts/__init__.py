"""The texts that the agents send, one module a set, each meant to be read and replaced."""

from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.judging import COMPACT_JUDGE, JUDGE, JudgePrompts
from refinegraph.agents.prompts.prompt import Prompt, PromptSet
from refinegraph.agents.prompts.standard import STANDARD

__all__ = [
    "COMPACT",
    "COMPACT_JUDGE",
    "JUDGE",
    "STANDARD",
    "JudgePrompts",
    "Prompt",
    "PromptSet",
]
