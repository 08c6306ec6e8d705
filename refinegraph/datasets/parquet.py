"""Read records from Parquet files, the format in which the Hugging Face hub stores datasets."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from refinegraph.datasets.files import Record
from refinegraph.errors import InputError

_ROWS = 1_000
"""Rows kept in memory at once, since a row group may have a million. The number is a choice."""


def read_parquet(file: Path) -> Iterator[Record]:
    """Yield the rows of a file; values that JSON cannot represent, such as dates, become text.

    Raises `InputError` if pyarrow is not installed or the file is damaged.
    """
    try:
        arrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise InputError(
            f"{file} is a Parquet file, which needs pyarrow: pip install 'refinegraph[parquet]'."
        ) from None
    try:
        yield from _rows(parquet.ParquetFile(file), file)
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"{file} cannot be read as Parquet: {error}.") from None


def _rows(table: Any, file: Path) -> Iterator[Record]:
    number = 0
    for batch in table.iter_batches(batch_size=_ROWS):
        for row in batch.to_pylist():
            number += 1
            yield Record(json.loads(json.dumps(row, default=str)), file, number)
