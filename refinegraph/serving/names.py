"""The model names of clients: `STRATEGY/MODEL`, `STRATEGY:N/MODEL`, `MODEL`."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from refinegraph.errors import InputError
from refinegraph.graphs.strategies import STRATEGIES, find_strategy
from refinegraph.serving.refusals import Refusal

MOST_SAMPLES = 64
"""Maximum number of samples in a name or an option. More rarely improve an answer, and a request
for thousands would delay every other client."""


class ServedModel(NamedTuple):
    """A model name, parsed; without a strategy, the model itself answers."""

    model: str
    strategy: str | None = None
    samples: int | None = None

    @property
    def name(self) -> str:
        """The name that clients use.

        >>> ServedModel("openai/m", "best-of-n", 8).name
        'best-of-n:8/openai/m'
        """
        if self.strategy is None:
            return self.model
        count = f":{self.samples}" if self.samples else ""
        return f"{self.strategy}{count}/{self.model}"


def default_menu() -> tuple[str, ...]:
    """Return the strategies that `/v1/models` lists by default."""
    others = [name for name in STRATEGIES if name != "adaptive"]
    return ("adaptive", *others, "self-consistency:8", "best-of-n:8")


def served_models(models: Sequence[str], menu: Sequence[str]) -> Iterator[ServedModel]:
    """Yield the entries of `/v1/models`: every strategy with every model, then the models."""
    for model in models:
        for strategy in menu:
            yield read_name(f"{strategy}/{model}", models)
    yield from (ServedModel(model) for model in models)


def read_name(name: str, models: Sequence[str]) -> ServedModel:
    """Parse a model name; raises `Refusal` for an unknown model or strategy.

    >>> read_name("best-of-n:8/openai/m", ["openai/m"])
    ServedModel(model='openai/m', strategy='best-of-n', samples=8)
    """
    if name in models:
        return ServedModel(name)
    head, _, model = name.partition("/")
    if model not in models:
        raise _not_served(name, models)
    strategy, colon, count = head.partition(":")
    try:
        find_strategy(strategy)
    except InputError as error:
        raise _unknown(str(error)) from None
    return ServedModel(model, strategy, _count(name, count) if colon else None)


def with_chosen_strategy(served: ServedModel, fields: Mapping[str, Any] | None) -> ServedModel:
    """Return a model with the strategy in the field `refinegraph`, if there is one.

    >>> with_chosen_strategy(ServedModel("openai/m"), {"strategy": "adaptive"}).name
    'adaptive/openai/m'
    """
    strategy = (fields or {}).get("strategy")
    if not isinstance(strategy, str):
        return served
    return served._replace(strategy=find_strategy(strategy).name)


def _count(name: str, text: str) -> int:
    if text.isascii() and text.isdecimal() and 1 <= int(text) <= MOST_SAMPLES:
        return int(text)
    raise _unknown(
        f"model {name!r} asks for {text!r} samples; expected a whole number from 1 to "
        f"{MOST_SAMPLES}, as in 'best-of-n:8/MODEL'."
    )


def _not_served(name: str, models: Sequence[str]) -> Refusal:
    choices = [*models, *(f"{strategy}/{model}" for model in models for strategy in STRATEGIES)]
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    served = ", ".join(models)
    return _unknown(
        f"model {name!r} is not served{hint} Names are MODEL, STRATEGY/MODEL or STRATEGY:N/MODEL, "
        f"with MODEL one of: {served}. GET /v1/models lists them."
    )


def _unknown(sentence: str) -> Refusal:
    return Refusal(sentence, status=404, code="model_not_found")
