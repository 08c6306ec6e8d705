"""The settings that all parts of a batch must share."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from pydantic import BaseModel, ConfigDict

import refinegraph
from refinegraph.batches.inputs import Reading
from refinegraph.evaluation.settings import LIMITS_OF_ALL, code_digest
from refinegraph.options import RunOptions


class BatchSettings(BaseModel):
    """Everything that affects the answers of a batch and the format of its output.

    The content of the input is not included. Every line of the output contains its record, so
    records can be appended to the input, and a changed record is detected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """The version of refinegraph."""
    code: str
    """A digest of refinegraph's source files."""
    models: tuple[str, ...]
    """Models of the Solver, Reviewer, Refiner and test writer; empty for the Solver's model."""
    options: RunOptions
    digest: str
    """A digest of the options and of the files that they name."""
    name: str
    """The name of the input, after which problems without an id are named."""
    prompt_column: str
    column: str
    shard: str = ""
    """The part of the input, such as `3/16`; empty for all of it."""

    @classmethod
    def of(
        cls, options: RunOptions, *, models: Sequence[str], reading: Reading, shard: str = ""
    ) -> "BatchSettings":
        """Return the settings of a batch."""
        shared = replace(options, **cast("dict[str, Any]", dict.fromkeys(LIMITS_OF_ALL)))
        return cls(
            version=refinegraph.__version__,
            code=code_digest(),
            models=tuple(models),
            options=shared.without_secrets,
            digest=shared.digest(),
            name=reading.name,
            prompt_column=reading.prompt_column,
            column=reading.column,
            shard=shard,
        )

    def difference(self, now: "BatchSettings") -> str | None:
        """Describe the first difference from other settings, or return None.

        The text ends a sentence that begins with "the batch was begun".
        """
        if (self.version, self.code) != (now.version, now.code):
            other = "" if self.version == now.version else f", and this is {now.version}"
            return f"with {'other source files of ' * (not other)}refinegraph {self.version}{other}"
        for flag, before, after in (
            ("--shard", self.shard, now.shard),
            ("--prompt-column", self.prompt_column, now.prompt_column),
            ("--column", self.column, now.column),
        ):
            if before != after:
                return f"{_given(flag, before)}, not {_given(flag, after)}"
        if self.models != now.models:
            return f"with the models {_listed(self.models)}, not {_listed(now.models)}"
        if changed := now.options.difference(self.options):
            return f"with other options ({changed})"
        if self.digest != now.digest:
            return "with another content of a file that its options name"
        return None


def _given(flag: str, value: str) -> str:
    return f"with {flag} {value}" if value else f"without {flag}"


def _listed(models: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(model for model in models if model))
