"""What has to be the same for two parts of one evaluation to be put together."""

import hashlib
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from refinegraph.errors import InputError

_Value = str | int | float | bool | tuple[str, ...] | tuple[float, float] | None

_SHORT = 12
"""Hexadecimal digits of a digest that are shown: enough to tell two versions apart."""


class EvaluationSettings(BaseModel):
    """Everything that changes what the runs of an evaluation answer, or how they are judged.

    What may change when an evaluation is resumed is no part of it: which problems are selected,
    where and how fast the model is reached, what the whole evaluation may spend (a run that the
    budget cuts short is not counted), and what is written besides the results.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Of refinegraph."""
    code: str
    """A digest of refinegraph's source files, since a version is not raised by every change."""
    dataset: str
    """The file as it was named; only its content has to be the same."""
    dataset_digest: str
    strategies: tuple[str, ...]
    models: tuple[str, ...]
    """Of the Solver, the Reviewer, the Refiner and the writer of tests; empty for the Solver's."""
    fallback: tuple[str, ...] = ()
    samples: int | None
    rounds: int | None
    temperature: float | None
    max_tokens: int | None = None
    seed: int | None
    timeout: float | None = None
    trace: bool = False
    price: float | None = None
    prices: tuple[float, float] | None = None
    belief: str | None = None
    """A digest of the calibration file."""
    shared_answers: bool = False
    """Whether answers come from a cache that other runs share."""
    reference_check: bool = True
    """Whether problems whose hidden tests judge nothing are left out."""

    def difference(self, now: "EvaluationSettings") -> str | None:
        """Return the first setting in which these settings differ from others, None if in none.

        It ends a sentence that begins with "the evaluation was begun".
        """
        for name in type(self).model_fields:
            before: _Value = getattr(self, name)
            after: _Value = getattr(now, name)
            if name != "dataset" and before != after:
                return self._described(name, before, after, now)
        return None

    def _described(
        self, name: str, before: "_Value", after: "_Value", now: "EvaluationSettings"
    ) -> str:
        if name == "version":
            return f"with refinegraph {before}, and this is {after}"
        if name == "code":
            return f"with other source files of refinegraph {self.version}"
        if name == "dataset_digest" and self.dataset == now.dataset:
            return f"with other content of the data set {self.dataset!r}"
        if name == "dataset_digest":
            return f"with the data set {self.dataset!r}, not {now.dataset!r}"
        flag = _FLAGS.get(name, f"--{name.replace('_', '-')}")
        return f"{_shown(flag, before)}, not {_shown(flag, after)}"


_FLAGS = {
    "strategies": "--strategy",
    "models": "the models",
    "shared_answers": "a shared cache",
    "reference_check": "the reference check",
}


def _shown(flag: str, value: _Value) -> str:
    if value is None or value is False or value == ():
        return f"without {flag}"
    if value is True:
        return f"with {flag}"
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
    return f"with {flag} {shown}"


def digest_of(path: Path, what: str) -> str:
    """Return the SHA-256 of a file; raises `InputError` where it cannot be read."""
    try:
        return _digest([path])
    except OSError as error:
        raise InputError(f"{what} {str(path)!r} cannot be read: {error.strerror}.") from None


@cache
def code_digest() -> str:
    """Return a digest of refinegraph's source files; reads about a megabyte once per process."""
    return _digest(sorted(_sources()))[:_SHORT]


def _sources() -> Iterator[Path]:
    import refinegraph

    root = Path(refinegraph.__file__).parent
    # In a checkout, agents, graphs and tools are links, which Path.rglob does not follow.
    for folder, _, names in os.walk(root, followlinks=True):
        yield from (Path(folder, name) for name in names if name.endswith((".py", ".txt")))


def _digest(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()
