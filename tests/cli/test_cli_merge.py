"""Shards and `refinegraph merge`: the same results as one process."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import ChatServer, Done

Serve = Callable[..., ChatServer]
Command = Callable[..., Done]

SINGLE = ("--strategy", "single")


def boxed(asked: dict[str, Any]) -> str:
    found = re.search(r"What is (\d+)", str(asked["messages"]))
    return f"\\boxed{{{int(found[1]) // 2 * 2 if found else 0}}}"


@pytest.fixture
def questions(tmp_path: Path) -> str:
    path = tmp_path / "questions.jsonl"
    lines = [
        {"id": f"q{n}", "prompt": f"What is {n}?", "kind": "math", "answer": str(n)}
        for n in range(10)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(path)


@pytest.fixture
def flags(serve: Serve) -> tuple[str, ...]:
    return (*serve(boxed).flags, "--learn", "off")


def test_merged_shards_of_a_batch_are_the_bytes_of_one_process(
    command: Command, questions: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    whole, merged = tmp_path / "whole.jsonl", tmp_path / "merged.jsonl"
    common = ("batch", questions, *flags, "--strategy", "adaptive")
    assert command(*common, "--out", str(whole), "--in-order").code == 0
    parts = [str(tmp_path / f"{number}.jsonl") for number in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        assert command(*common, "--out", part, "--shard", f"{number}/3").code == 0
    done = command("merge", *reversed(parts), "--out", str(merged))
    assert (done.code, done.sentence) == (0, f"3 files, 10 problems: {merged}")
    assert merged.read_bytes() == whole.read_bytes()
    assert command(*common, "--out", str(merged), "--resume").code == 0
    assert merged.read_bytes() == whole.read_bytes()


def without_times(text: str) -> list[Any]:
    return [strip(json.loads(line)) for line in text.splitlines()]


def strip(value: Any) -> Any:
    """Remove measured times."""
    if isinstance(value, dict):
        clocks = ("wall_seconds", "seconds", "timeline", "started", "ended", "duration")
        return {name: strip(part) for name, part in value.items() if name not in clocks}
    return [strip(part) for part in value] if isinstance(value, list) else value


def test_merged_shards_of_an_evaluation_are_the_runs_of_one_process(
    command: Command, questions: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    common = ("eval", "--dataset", questions, *flags, "--strategy", "single,self-consistency")
    whole = tmp_path / "whole"
    assert command(*common, "--out", str(whole)).code == 0
    parts = [str(tmp_path / str(number)) for number in range(1, 13)]
    for number, part in enumerate(parts, 1):
        assert command(*common, "--out", part, "--shard", f"{number}/12").code == 0
    ordered, merged = tmp_path / "ordered", tmp_path / "merged"
    assert command("merge", str(whole), "--out", str(ordered)).code == 0
    done = command("merge", *reversed(parts), "--out", str(merged))
    assert done.code == 0
    assert "10 problems" in done.out
    for name in ("results.jsonl", "runs.jsonl"):
        ours, theirs = (merged / name).read_text(), (ordered / name).read_text()
        assert len(ours.splitlines()) == 20
        assert without_times(ours) == without_times(theirs)
    summaries = [json.loads((each / "summary.json").read_text()) for each in (merged, whole)]
    for summary in summaries:
        for strategy in summary["strategies"].values():
            for name in ("wall_seconds", "seconds_median", "seconds_95"):
                strategy.pop(name)
    assert summaries[0] == summaries[1]
    assert command(*common, "--out", str(merged), "--resume").code == 0


def test_what_does_not_belong_together_is_not_merged(
    command: Command, questions: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    out = {name: str(tmp_path / name) for name in ("a", "b", "c", "d", "out")}
    common = ("batch", questions, *flags, *SINGLE)
    assert command(*common, "--out", out["a"], "--shard", "1/2").code == 0
    assert command(*common, "--out", out["b"], "--shard", "2/3").code == 0
    assert command(*common, "--out", out["c"], "--shard", "2/2", "--seed", "3").code == 0
    cut = (*common, "--out", out["d"], "--shard", "2/2", "--budget-calls", "2")
    assert command(*cut).code == 0
    eval_out = str(tmp_path / "eval")
    dataset = ("--dataset", questions)
    assert command("eval", *dataset, "--out", eval_out, *flags, *SINGLE).code == 0
    for names, says in (
        (("a",), "of 2 shards, 2/2 is missing"),
        (("a", "a"), "contain the same shard 1/2; pass every shard once"),
        (("a", "b"), "shards of 2 and of 3 do not belong together"),
        (
            ("a", "c"),
            "do not belong to one batch: the first was begun with other options (seed was 3",
        ),
        (("a", "d"), "is not complete; go on with its batch by --resume"),
    ):
        done = command("merge", *(out[name] for name in names), "--out", out["out"])
        assert (done.code, says in done.sentence) == (2, True), done.sentence
        assert not Path(out["out"]).exists()
    for paths, says in (
        ([out["a"], eval_out], "name one sort"),
        ([questions], "is neither an output of `refinegraph batch`"),
        ([str(tmp_path / "nobody")], "does not exist"),
    ):
        done = command("merge", *paths, "--out", out["out"])
        assert (done.code, says in done.sentence) == (2, True), done.sentence
    done = command("merge", out["a"], out["d"], "--out", out["out"], "--partial")
    assert done.code == 0
    assert "2 files, 7 problems" in done.sentence
    assert (
        "holds something already" in command("merge", out["a"], "--out", out["d"], "--partial").err
    )


def test_a_data_set_that_moved_is_named(
    command: Command, questions: str, flags: tuple[str, ...], tmp_path: Path
) -> None:
    part, out, moved = str(tmp_path / "part"), tmp_path / "out", tmp_path / "moved.jsonl"
    common = ("eval", "--dataset", questions, *flags, *SINGLE, "--out", part)
    assert command(*common, "--shard", "1/1").code == 0
    Path(questions).rename(moved)
    assert "cannot be read" in command("merge", part, "--out", str(out)).sentence
    moved.write_text(moved.read_text() + "\n")
    merge = ("merge", part, "--out", str(out), "--dataset", str(moved))
    assert "is not the one that was evaluated" in command(*merge).sentence
    moved.write_text(moved.read_text()[:-1])
    assert command(*merge).code == 0
