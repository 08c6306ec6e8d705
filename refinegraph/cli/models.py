"""The models that the arguments name."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from refinegraph.config import EMBEDDED, api_base_setting, find_setting, model_setting

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from refinegraph.graphs.policies.calibration import BeliefMap


EMBEDDED_NOTE = (
    "model: 'embedded', the tiny one in the package (it runs here, without network); name yours "
    "with --model or REFINEGRAPH_MODEL"
)


class Models(NamedTuple):
    """A chat model for every role; None for a role that speaks through the Solver's."""

    solver: "BaseChatModel"
    reviewer: "BaseChatModel | None"
    refiner: "BaseChatModel | None"
    tester: "BaseChatModel | None"


class NamesModels(Protocol):
    """What names models: the settings of a run."""

    @property
    def model(self) -> str | None: ...  # noqa: D102

    @property
    def solver_model(self) -> str | None: ...  # noqa: D102

    @property
    def reviewer_model(self) -> str | None: ...  # noqa: D102

    @property
    def refiner_model(self) -> str | None: ...  # noqa: D102

    @property
    def tester_model(self) -> str | None: ...  # noqa: D102

    @property
    def api_base(self) -> str | None: ...  # noqa: D102

    @property
    def fallback(self) -> Sequence[str]: ...  # noqa: D102

    @property
    def prices(self) -> tuple[float, float] | None: ...  # noqa: D102

    @property
    def call_timeout(self) -> float | None: ...  # noqa: D102

    @property
    def hedge(self) -> float | None: ...  # noqa: D102


def belief_map(name: str | None) -> "BeliefMap":
    """Return the map that `--belief` names, else the one that ships."""
    from refinegraph.graphs.policies.calibration import SHIPPED, BeliefMap

    return BeliefMap.load(Path(name)) if name else SHIPPED


def nobody_chose(options: argparse.Namespace) -> bool:
    """Whether neither a flag nor a setting names the Solver's model."""
    return not (options.model or options.solver_model or find_setting("model"))


def resolve_models(options: NamesModels) -> Models:
    """Return the models; a role's own flag wins over `--model`, that over the setting.

    Takes the seconds that the model layer needs to be imported. Raises `SettingError` for a name
    that is not known and a key that is not set.
    """
    from refinegraph.agents.models import FallbackChatModel, RetryPolicy, resolve_model

    base = options.api_base or api_base_setting()
    setting = find_setting("model")
    general = options.model or (setting.value if setting else None)
    retry = RetryPolicy(hedge_after=options.hedge)

    def named(name: str) -> "BaseChatModel":
        return resolve_model(
            name, api_base=base, timeout=options.call_timeout, retry=retry, prices=options.prices
        )

    others = tuple(named(name) for name in options.fallback)

    def of_role(role: str | None) -> "BaseChatModel | None":
        name = role or general
        if not name:
            return None
        return FallbackChatModel(models=(named(name), *others)) if others else named(name)

    return Models(
        solver=of_role(options.solver_model or general or model_setting()) or named(EMBEDDED),
        reviewer=of_role(options.reviewer_model),
        refiner=of_role(options.refiner_model),
        tester=of_role(options.tester_model),
    )
