"""Detect answers in which a model says that it does not know this kind of problem."""

import re

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models import Generations, model_name
from refinegraph.agents.prompts import PromptSet
from refinegraph.errors import ModelAbstained


def check_abstention(drafts: Generations, prompts: PromptSet, model: BaseChatModel) -> None:
    """Raise `ModelAbstained` if at least half of the answers are abstentions.

    Does nothing if the prompts define no abstention. If fewer than half abstain, their texts are
    kept; they contain no program, so execution refutes them.
    """
    if not prompts.abstention:
        return
    abstentions = [abstains(choice.text, prompts.abstention) for choice in drafts.choices]
    if 2 * sum(abstentions) >= len(abstentions) > 0:
        raise ModelAbstained(
            f"Model {model_name(model)!r} says that this problem is outside of what it knows"
            f"{f', which is {prompts.knows}' if prompts.knows else ''}; name another model."
        )


def abstains(answer: str, abstention: str) -> bool:
    """Return whether an answer is the abstention, optionally preceded by a function header.

    >>> abstains("def f(x):\\n    # not mine", "# not mine"), abstains("return x", "# not mine")
    (True, False)
    """
    pattern = rf"\A\s*(?:def [^\n]*:)?\s*{re.escape(abstention)}\s*\Z"
    return re.match(pattern, answer) is not None
