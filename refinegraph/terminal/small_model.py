"""Advice after the model in the package has failed."""

from refinegraph.options import RunOptions
from refinegraph.options.config import EMBEDDED
from refinegraph.schema import RefinementResult
from refinegraph.wording import outcome_word


def advice(result: RefinementResult, options: RunOptions, *, flag: str) -> str:
    """Return what to do after the package's model gave no right answer; empty for other models.

    `flag` is what precedes the name of a model, such as `-m`.
    """
    failed = outcome_word(result) in ("refuted", "no answer")
    if not failed or EMBEDDED not in (options.model, options.solver_model):
        return ""
    return (
        "The model in the package is tiny: it knows short functions over lists of numbers or "
        "words, numbers, texts and tables, and nothing else. Use a bigger one, for example "
        f"{flag} ollama_chat/qwen3:8b, {flag} local/PATH.gguf or {flag} openai/NAME."
    )
