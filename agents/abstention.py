"""Tell when a model says that a problem is outside of what it knows."""

import re

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Generations, model_name
from refinegraph.agents.prompts import PromptSet
from refinegraph.errors import ModelAbstained


def check_abstention(drafts: Generations, prompts: PromptSet, model: BaseChatModel) -> None:
    """Raise `ModelAbstained` where at least half of the answers say so.

    Nothing is ever raised for prompts without an abstention. A few such answers among many are
    left to the tests, which refuse them like any other text without a program.
    """
    if not prompts.abstention:
        return
    said = [abstains(choice.text, prompts.abstention) for choice in drafts.choices]
    if 2 * sum(said) >= len(said) > 0:
        raise ModelAbstained(
            f"Model {model_name(model)!r} says that this problem is outside of what it knows"
            f"{f', which is {prompts.knows}' if prompts.knows else ''}; name another model."
        )


def abstains(answer: str, abstention: str) -> bool:
    """Return whether an answer is the abstention, with or without a header before it.

    >>> abstains("def f(x):\\n    # not mine", "# not mine"), abstains("return x", "# not mine")
    (True, False)
    """
    pattern = rf"\A\s*(?:def [^\n]*:)?\s*{re.escape(abstention)}\s*\Z"
    return re.match(pattern, answer) is not None
