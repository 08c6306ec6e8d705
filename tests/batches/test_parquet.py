"""Problems from Parquet files."""

import datetime
import json
from pathlib import Path

import pytest

import refinegraph as rg
from refinegraph.batches.inputs import Reading, read_items
from refinegraph.datasets import load_dataset
from refinegraph.datasets.files import read_records

pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")


def write(path: Path, rows: list[dict[str, object]]) -> Path:
    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


def test_rows_are_records_with_all_their_columns(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"prompt": f"Write f{n}().", "tests": [f"assert f{n}() == {n}"], "day": None, "n": n}
        for n in range(2_500)
    ]
    rows[0]["day"] = datetime.date(2026, 1, 2)
    file = write(tmp_path / "rows.parquet", rows)
    items = list(read_items(read_records(file), Reading("rows")))
    assert [item.columns["n"] for item in items] == list(range(2_500))
    assert items[0].columns["day"] == "2026-01-02"
    assert items[7].problem == rg.Problem(
        id="rows/7", prompt="Write f7().", tests="assert f7() == 7", entry_point="f7"
    )
    assert json.dumps(items[0].columns)


def test_a_published_data_set_is_recognised(tmp_path: Path) -> None:
    file = write(tmp_path / "gsm.parquet", [{"question": "1 + 1?", "answer": "So #### 2"}])
    (labelled,) = load_dataset(file)
    assert labelled.gold.answer == "2"


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    file = tmp_path / "bad.parquet"
    file.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(rg.InputError, match=r"bad\.parquet cannot be read as Parquet"):
        list(read_records(file))
