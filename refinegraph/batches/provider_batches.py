"""Send the requests of a batch through the provider's own batch interface."""

from dataclasses import replace
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from refinegraph.agents.models.providers.openai_chat import DirectChatModel
from refinegraph.agents.models.providers.wave_chat import WaveChatModel
from refinegraph.agents.models.providers.wave_file import WaveFile
from refinegraph.errors import InputError
from refinegraph.options import RunOptions
from refinegraph.runs.planning import Models, resolve_models


def batched_models(options: RunOptions, state: Path) -> Models:
    """Return the models of the options, wrapped to send their requests in batches.

    Requests in progress are recorded in the folder `state`. Raises `InputError` for a model without
    such an interface, and for options that cannot be enforced over hours.
    """
    for name in ("timeout", "hedge"):
        if getattr(options, name) is not None:
            raise InputError(
                f"--{name} and --provider-batch exclude each other: a batch takes minutes to hours."
            )
    models = resolve_models(replace(options, client="direct"))
    file = WaveFile(state / "waves.sqlite")
    return Models(
        solver=_batched(models.solver, file),
        reviewer=_batched(models.reviewer, file) if models.reviewer else None,
        refiner=_batched(models.refiner, file) if models.refiner else None,
        tester=_batched(models.tester, file) if models.tester else None,
    )


def _batched(model: BaseChatModel, file: WaveFile) -> BaseChatModel:
    if not isinstance(model, DirectChatModel):
        raise InputError(
            f"--provider-batch takes models behind OpenAI's protocol, such as openai/NAME, and no "
            f"--fallback; {type(model).__name__} is none."
        )
    return WaveChatModel.like(model, file)
