"""The settings that two parts of one evaluation must share."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, model_validator

import refinegraph
from refinegraph.errors import InputError
from refinegraph.options import RunOptions

_SHORT = 12
"""Hexadecimal digits kept of a digest: enough to tell two versions apart."""
_ANY = RunOptions().strategy
_NAMED_APART = ("model", "solver_model", "reviewer_model", "refiner_model", "tester_model")
LIMITS_OF_ALL = ("budget_usd", "budget_tokens", "budget_calls")
"""Budgets of the whole evaluation. Runs cut short by a budget do not count, so a larger budget
changes no result."""


class EvaluationSettings(BaseModel):
    """The settings that affect the answers of an evaluation's runs or how they are judged.

    Settings that may change on `--resume` are not included: the selection of problems, the address
    and pace of the model, the budgets, and additional output files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Of refinegraph."""
    code: str
    """A digest of refinegraph's source files, since not every change raises the version."""
    dataset: str
    """The file name as given; only the content has to be the same."""
    dataset_digest: str
    strategies: tuple[str, ...]
    models: tuple[str, ...]
    """Of Solver, Reviewer, Refiner and test writer; an empty name means the Solver's model."""
    options: RunOptions
    """The options of every run, except strategies and models, which have fields of their own."""
    digest: str = ""
    """A digest of the options and of the contents of the files that they name."""
    reference_check: bool = True
    """Whether problems whose hidden tests fail their reference solution are left out."""
    shard: str = ""
    """The shard of the problems, such as `3/16`; empty for all problems."""

    @model_validator(mode="before")
    @classmethod
    def _from_version_0_1_0(cls, data: Any) -> Any:
        """Read settings written by version 0.1.0, so that its folders can be compared."""
        if not isinstance(data, Mapping) or "options" in data:
            return cast("Any", data)
        fields = dict(cast("Mapping[str, Any]", data))
        names = ("samples", "rounds", "temperature", "max_tokens", "seed")
        options = {name: fields.pop(name) for name in names if name in fields}
        return {"version": "0.1.0", "code": "", **fields, "options": options}

    @classmethod
    def of(
        cls,
        dataset: Path,
        *,
        strategies: Sequence[str],
        models: Sequence[str],
        options: RunOptions,
        reference_check: bool = True,
        shard: str = "",
    ) -> "EvaluationSettings":
        """Return the settings of an evaluation that is about to start or resume."""
        apart = dict.fromkeys((*_NAMED_APART, *LIMITS_OF_ALL))
        shared = replace(options, strategy=_ANY, **cast("dict[str, Any]", apart))
        return cls(
            version=refinegraph.__version__,
            code=code_digest(),
            dataset=str(dataset),
            dataset_digest=digest_of(dataset, "dataset"),
            strategies=tuple(strategies),
            models=tuple(models),
            options=shared.without_secrets,
            digest=shared.digest(),
            reference_check=reference_check,
            shard=shard,
        )

    def difference(self, now: "EvaluationSettings") -> str | None:
        """Return the first difference from other settings, or None if there is none.

        The text completes a sentence that begins with "the evaluation was begun".
        """
        if self.version != now.version:
            return f"with refinegraph {self.version}, and this is {now.version}"
        if self.code != now.code:
            return f"with other source files of refinegraph {self.version}"
        if self.dataset_digest != now.dataset_digest:
            same = self.dataset == now.dataset
            other = "" if same else f", not {now.dataset!r}"
            return f"with {'other content of ' if same else ''}the dataset {self.dataset!r}{other}"
        if self.shard != now.shard:
            return f"{_with('--shard', self.shard)}, not {_with('--shard', now.shard)}"
        if self.strategies != now.strategies:
            return f"with --strategy {','.join(self.strategies)}, not {','.join(now.strategies)}"
        if self.models != now.models:
            return f"with the models {_listed(self.models)}, not {_listed(now.models)}"
        if self.reference_check != now.reference_check:
            return f"{'with' if self.reference_check else 'without'} the reference check"
        changed = now.options.difference(self.options)
        if changed:
            return f"with other options ({changed})"
        if self.digest and self.digest != now.digest:
            return "with another content of a file that its options name"
        return None


def _with(flag: str, value: str) -> str:
    return f"with {flag} {value}" if value else f"without {flag}"


def _listed(models: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(model for model in models if model))


def digest_of(path: Path, what: str) -> str:
    """Return the SHA-256 of a file; raises `InputError` if it cannot be read."""
    try:
        return _digest([path])
    except OSError as error:
        raise InputError(f"{what} {str(path)!r} cannot be read: {error.strerror}.") from None


@cache
def code_digest() -> str:
    """Return a digest of refinegraph's source files; reads about a megabyte once per process."""
    return _digest(sorted(_sources()))[:_SHORT]


def _sources() -> Iterator[Path]:
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
