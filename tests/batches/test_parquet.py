"""Problems from Parquet files, and batches that are written as Parquet."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel
from refinegraph.batches.inputs import Reading, read_items
from refinegraph.batches.merging import merge_batches
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


def test_a_damaged_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "bad.parquet"
    file.write_bytes(b"PAR1 and nothing more")
    with pytest.raises(rg.InputError, match=r"bad\.parquet cannot be read as Parquet"):
        list(read_records(file))


async def solved(problems: list[dict[str, object]], out: Path, **more: Any) -> None:
    model = ScriptedChatModel("The answer is \\boxed{4}", cycle=True)
    options: dict[str, Any] = {"kind": "math", "strategy": "single", "in_order": True}
    async for _ in rg.solve_many(problems, model=model, out=out, **options, **more):
        pass


async def test_a_batch_ends_as_a_table_with_all_columns(tmp_path: Path) -> None:
    out = tmp_path / "answers.parquet"
    mixed: list[object] = [1, "one", {}, [1, "2"]]
    problems: list[dict[str, object]] = [
        {"prompt": f"What is {n}?", "n": n / 2 if n else n, "mixed": mixed[n], "tags": ["a"] * n}
        for n in range(4)
    ]
    problems[0]["only"] = {"deep": [{"x": 1}]}
    problems[1]["half"] = "\ud800"
    await solved(problems, out)
    table = parquet.read_table(out).to_pylist()
    assert [row["n"] for row in table] == [0.0, 0.5, 1.0, 1.5]
    assert [row["tags"] for row in table] == [["a"] * n for n in range(4)]
    assert [json.loads(row["mixed"]) for row in table] == mixed
    assert [row["only"] for row in table] == [{"deep": [{"x": 1}]}, None, None, None]
    assert [row["refinegraph"]["answer"] for row in table] == ["4"] * 4
    assert [row["refinegraph"]["index"] for row in table] == [0, 1, 2, 3]
    assert out.stat().st_mode & 0o077 == 0
    again = list(read_items(read_records(out), Reading("answers")))
    assert [item.columns["prompt"] for item in again] == [one["prompt"] for one in problems]


async def test_a_table_is_written_when_the_batch_has_ended(tmp_path: Path) -> None:
    out = tmp_path / "answers.parquet"
    problems: list[dict[str, object]] = [{"prompt": f"What is {n}?"} for n in range(3)]
    await solved(problems, out, budget_calls=2)
    assert not out.exists()
    assert len((tmp_path / "answers.parquet.jsonl").read_text().splitlines()) == 2
    await solved(problems, out, resume=True, budget_calls=3)
    assert parquet.read_table(out).num_rows == 3


async def test_shards_merge_to_a_table(tmp_path: Path) -> None:
    problems: list[dict[str, object]] = [{"prompt": f"What is {n}?", "n": n} for n in range(5)]
    parts = [tmp_path / f"part-{number}.parquet" for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        await solved(problems, part, shard=f"{number}/2")
    whole = tmp_path / "whole.parquet"
    merge_batches(parts, whole)
    assert [row["n"] for row in parquet.read_table(whole).to_pylist()] == [0, 1, 2, 3, 4]


async def test_a_table_that_cannot_be_written_leaves_its_lines(tmp_path: Path) -> None:
    out = tmp_path / "answers.parquet"
    out.mkdir()
    with pytest.raises(rg.InputError, match="cannot be written"):
        await solved([{"prompt": "What is 2 + 2?"}], out)
    assert (tmp_path / "answers.parquet.jsonl").read_text()
