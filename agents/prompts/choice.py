"""Choose the default prompt set of a model."""

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models.base import SamplingChatModel
from refinegraph.agents.prompts.compact import COMPACT
from refinegraph.agents.prompts.compact2 import COMPACT2
from refinegraph.agents.prompts.embedded import EMBEDDED
from refinegraph.agents.prompts.prompt import PromptSet
from refinegraph.agents.prompts.standard import STANDARD
from refinegraph.errors import SettingError

PROMPT_SETS = {prompts.name: prompts for prompts in (STANDARD, COMPACT, COMPACT2, EMBEDDED)}
"""Every prompt set by name."""


def prompts_for(model: BaseChatModel) -> PromptSet:
    """Return the prompt set that a model declares; the standard one by default.

    >>> from refinegraph.agents.models import ScriptedChatModel
    >>> prompts_for(ScriptedChatModel([], prompt_set="compact")).name
    'compact'
    """
    if not isinstance(model, SamplingChatModel):
        return STANDARD
    if model.prompt_set not in PROMPT_SETS:
        raise SettingError(
            f"unknown prompt set {model.prompt_set!r} of the model; expected one of "
            f"{', '.join(PROMPT_SETS)}. A newer version of refinegraph may have it."
        )
    return PROMPT_SETS[model.prompt_set]
