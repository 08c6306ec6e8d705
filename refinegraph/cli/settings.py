"""How a run is asked for, read from the arguments and the environment."""

import argparse

from refinegraph.agents.models import InFlight
from refinegraph.config import api_base_setting, model_setting
from refinegraph.graphs.nodes.human import interrupt_points
from refinegraph.runs import RunSettings


def settings_of(options: argparse.Namespace) -> RunSettings:
    """Return how a run is asked for, with the model that the environment names."""
    named = {name: getattr(options, name, None) for name in RunSettings.model_fields}
    given = {name: value for name, value in named.items() if value is not None}
    given["ask"] = interrupt_points(_listed(getattr(options, "ask", None)))
    given["fallback"] = _listed(options.fallback)
    if not options.api_base and (base := api_base_setting()):
        given["api_base"] = base
    if not options.model:
        given["model"] = model_setting() if not options.solver_model else None
    return RunSettings(**given)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(name for each in (text or "").split(",") if (name := each.strip()))


def limits_of(settings: RunSettings, *, concurrency: int = 64) -> InFlight:
    """Return how fast a provider may be asked."""
    return InFlight(
        concurrency,
        requests_per_minute=settings.requests_per_minute,
        tokens_per_minute=settings.tokens_per_minute,
    )
