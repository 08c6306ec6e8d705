"""Which prompts a model is asked with where nobody chose."""

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.compact2 import COMPACT2
from refinegraph.agents.prompts.embedded import EMBEDDED
from refinegraph.agents.prompts.prompt import PromptSet
from refinegraph.agents.prompts.standard import STANDARD
from refinegraph.errors import SettingError

PROMPT_SETS = {each.name: each for each in (STANDARD, COMPACT, COMPACT2, EMBEDDED)}
"""Every set by its name."""


def prompts_for(model: BaseChatModel) -> PromptSet:
    """Return the prompts that a model says it understands best; the standard ones otherwise.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> prompts_for(ScriptedChatModel([], prompt_set="compact")).name
    'compact'
    """
    if not isinstance(model, SamplingChatModel):
        return STANDARD
    if model.prompt_set not in PROMPT_SETS:
        raise SettingError(
            f"The prompts {model.prompt_set!r} that the model asks for are unknown; this version "
            f"has {', '.join(PROMPT_SETS)}. A newer version of refinegraph may have them."
        )
    return PROMPT_SETS[model.prompt_set]
