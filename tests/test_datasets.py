"""Datasets from files, and the messages about files that cannot be read."""

import base64
import gzip
import json
import pickle
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from refinegraph.datasets import BadRecord, load_dataset, select_problems
from refinegraph.datasets.files import Record, read_records
from refinegraph.errors import InputError
from refinegraph.schema import Gold, LabelledProblem, Problem
from refinegraph.tools.test_cases import parse_tests

PROMPT = 'def f(x):\n    """Double.\n    >>> f(1)\n    2\n    """\n'
HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": PROMPT,
    "entry_point": "f",
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(3) == 6\n",
}
OWN = {"id": "a", "prompt": "Write f(x)."}


def write(folder: Path, records: Sequence[object], name: str = "set.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def load_one(folder: Path, record: Mapping[str, object]) -> LabelledProblem:
    (labelled,) = load_dataset(write(folder, [record]))
    return labelled


def test_humaneval_hides_its_tests(tmp_path: Path) -> None:
    problem, gold = load_one(tmp_path, dict(HUMANEVAL))
    assert problem == Problem(id="HumanEval/0", prompt=PROMPT, entry_point="f", preamble=PROMPT)
    assert gold.tests == HUMANEVAL["test"] + "\n\ncheck(f)\n"
    assert len(parse_tests(gold.tests, entry_point="f")) == 1


def test_evalplus_compares_with_the_reference(tmp_path: Path) -> None:
    record = {**HUMANEVAL, "base_input": [[1], [0.1]], "plus_input": [[[2]]], "atol": 0}
    _, gold = load_one(tmp_path, record)
    (test,) = parse_tests(gold.tests, entry_point="f")
    exec(f"{PROMPT}    return x + x\n{getattr(test, 'source')}", {})  # noqa: B009
    with pytest.raises(AssertionError):
        exec(f"{PROMPT}    return x * 3\n{getattr(test, 'source')}", {})  # noqa: B009


@pytest.mark.parametrize("field", ["text", "prompt"])
def test_mbpp_shows_its_first_assertion(tmp_path: Path, field: str) -> None:
    asserts = ["assert f(1) == 2", "assert f(2) == 4"]
    record = {"task_id": 11, field: "Double it.", "test_list": asserts, "test_setup_code": ""}
    problem, gold = load_one(tmp_path, record)
    assert problem.id == "11"
    assert problem.tests == asserts[0]
    assert problem.entry_point == "f"
    assert problem.prompt == "Double it.\n\nThe function is called `f`."
    assert gold.tests == "\n".join(asserts)


@pytest.mark.parametrize("packed", [False, True])
def test_livecodebench_hides_its_private_cases(tmp_path: Path, packed: bool) -> None:
    public = [{"input": "1\n", "output": "2\n", "testtype": "stdin"}]
    private = json.dumps([{"input": "3\n", "output": "6\n", "testtype": "stdin"}])
    if packed:
        private = base64.b64encode(zlib.compress(pickle.dumps(private))).decode()
    record = {
        "question_content": "Double n.",
        "question_id": "abc_a",
        "public_test_cases": json.dumps(public),
        "private_test_cases": private,
        "starter_code": "",
        "metadata": "{}",
    }
    problem, gold = load_one(tmp_path, record)
    assert [test.form for test in parse_tests(problem.tests)] == ["stdio"]
    assert len(parse_tests(gold.tests)) == 2
    assert "6" not in repr(problem)


def test_livecodebench_functions_are_called_by_name(tmp_path: Path) -> None:
    record = {
        "question_content": "Double.",
        "question_id": "1",
        "public_test_cases": '[{"input": "1\\n2", "output": "3", "testtype": "functional"}]',
        "private_test_cases": "",
        "starter_code": "class Solution:\n    def plus(self, a, b):\n        ",
        "metadata": '{"func_name": "plus"}',
    }
    problem, _ = load_one(tmp_path, record)
    (test,) = parse_tests(problem.tests, entry_point=problem.entry_point)
    assert getattr(test, "arguments") == "(1, 2)"  # noqa: B009


@pytest.mark.parametrize(
    ("record", "kind", "answer"),
    [
        ({"question": "How many?", "answer": "So <<1+1=2>>.\n#### 1,234"}, "math", "1234"),
        ({"question": "How many?", "gold_answer": 18.0}, "math", "18"),
        ({"question": "How many?", "gold_answer": 2.5}, "math", "2.5"),
        ({"question": "Options are: A)1 B)2", "gold_answer": "B"}, "choice", "B"),
        ({"problem": "x?", "solution": r"It is \boxed{\frac{1}{2}}."}, "math", r"\frac{1}{2}"),
        ({"problem": "x?", "answer": "7", "solution": "…"}, "math", "7"),
        ({"id": 1, "prompt": "How many?", "answer": 7}, "math", "7"),
        ({"id": 1, "prompt": "Who?", "answer": "Ada"}, "text", "Ada"),
        ({"id": 1, "prompt": "Who?", "kind": "text", "answer": "7"}, "text", "7"),
    ],
)
def test_questions_keep_their_answer_apart(
    tmp_path: Path, record: Mapping[str, object], kind: str, answer: str
) -> None:
    problem, gold = load_one(tmp_path, record)
    assert (problem.kind, gold) == (kind, Gold(answer=answer))


def test_own_form_takes_tests_in_every_shape(tmp_path: Path) -> None:
    record = {
        **OWN,
        "tests": ["assert f(1) == 2", "assert f(2) == 4"],
        "hidden_tests": [{"input": [3], "output": 6}],
    }
    problem, gold = load_one(tmp_path, record)
    assert problem.entry_point == "f" and problem.kind == "code"
    assert len(parse_tests(problem.tests, entry_point="f")) == 2
    assert len(parse_tests(gold.tests, entry_point="f")) == 1


def test_questions_without_an_id_are_numbered_by_the_file(tmp_path: Path) -> None:
    records = [{"question": "a", "gold_answer": 1}, {"question": "b", "gold_answer": 2}]
    path = write(tmp_path, records, "svamp.test.jsonl")
    assert [each.problem.id for each in load_dataset(path)] == ["svamp/0", "svamp/1"]


def test_arrays_compression_blank_lines_and_byte_order_marks_are_read(tmp_path: Path) -> None:
    records = [OWN, {**OWN, "id": "b"}]
    array, packed, marked = tmp_path / "a.json", tmp_path / "a.jsonl.gz", tmp_path / "b.jsonl"
    array.write_text(json.dumps(records, indent=2))
    packed.write_bytes(gzip.compress(write(tmp_path, records).read_bytes()))
    marked.write_bytes(b"\xef\xbb\xbf" + write(tmp_path, records).read_bytes() + b"\n\n")
    for path in (array, packed, marked):
        assert [each.problem.id for each in load_dataset(path)] == ["a", "b"]


def test_loading_streams(tmp_path: Path) -> None:
    path = write(tmp_path, [OWN])
    path.write_text(path.read_text() + "not json\n")
    assert next(load_dataset(path)).problem.id == "a"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "PATH is empty; expected one JSON object per line."),
        (b"\n\n", "PATH contains no problems; expected one JSON object per line."),
        (
            b'{"id": 1, "prompt": "p"}\n{"id": 2,\n',
            "PATH, line 2 is not JSON: Expecting property name enclosed in double quotes at column "
            "10, in '{\"id\": 2,'; expected one JSON object per line.",
        ),
        (
            b'{"id": 1, "prompt": "\xff"}',
            "PATH, line 1 is not UTF-8 text (byte b'\\xff' at 21); expected JSON lines, plain or "
            "compressed with gzip.",
        ),
        (b"17\n", "PATH, line 1 is '17'; expected a JSON object with fields."),
        (b"\x1f\x8bno", "PATH is a damaged gzip file: "),
        (b'{"a": 1, "b": 2}\n', "PATH, line 1: the fields 'a', 'b' match no known dataset"),
        (
            b'{"id": 1, "prompt": "p", "hidden_test": "x"}',
            "PATH, line 1: the field 'hidden_test' is unknown; did you mean 'hidden_tests'?",
        ),
        (b'{"id": 1, "prompt": null}', "PATH, line 1: the field 'prompt' is null; expected text."),
        (b'{"id": 1, "prompt": " "}', "PATH, line 1: the field 'prompt' is empty; expected a "),
        (
            b'{"id": 1, "prompt": "p", "kind": "maths"}',
            "PATH, line 1: the kind 'maths' is unknown; expected one of code, math, choice, text.",
        ),
        (b'{"question": "q", "answer": "5\\n6"}', "PATH, line 1: the field 'answer' has no '####'"),
        (
            b'{"id": 1, "prompt": "p"}\n\n{"id": 1, "prompt": "q"}\n',
            "PATH, line 3: the id '1' was already used on line 1; give every problem its own id.",
        ),
    ],
)  # fmt: skip
def test_bad_files_are_named_with_their_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(load_dataset(path))
    assert str(caught.value).startswith(message.replace("PATH", str(path)))


def test_missing_files_and_folders_are_refused_immediately(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"There is no file '.*none\.jsonl'; check the path"):
        load_dataset(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="is a directory; expected a dataset file"):
        load_dataset(tmp_path)


def problems(count: int) -> list[LabelledProblem]:
    return [LabelledProblem(Problem(id=f"HumanEval/{n}", prompt="p"), Gold()) for n in range(count)]


def ids(selected: Sequence[LabelledProblem]) -> list[str]:
    return [each.problem.id for each in selected]


def test_select_problems_keeps_the_order_of_the_ids() -> None:
    wanted = ["HumanEval/3", "HumanEval/1"]
    assert ids(list(select_problems(problems(5), ids=wanted))) == wanted


def test_select_problems_shuffles_the_same_way_for_one_seed() -> None:
    first = ids(list(select_problems(problems(20), shuffle_seed=7)))
    assert first == ids(list(select_problems(iter(problems(20)), shuffle_seed=7)))
    assert first != ids(problems(20)) and sorted(first) == sorted(ids(problems(20)))


def test_select_problems_limits_without_reading_on() -> None:
    source = iter(problems(5))
    assert ids(list(select_problems(source, limit=2))) == ["HumanEval/0", "HumanEval/1"]
    assert ids(list(source))[0] == "HumanEval/2"


def test_select_problems_names_the_nearest_id() -> None:
    with pytest.raises(InputError) as caught:
        select_problems(problems(3), ids=["humaneval/2"])
    assert str(caught.value) == (
        "No problem has the id 'humaneval/2' among 3; did you mean 'HumanEval/2'?"
    )


def test_select_problems_refuses_a_limit_of_nothing() -> None:
    with pytest.raises(InputError, match="The limit 0 is too small; expected 1 or more problems"):
        select_problems(problems(3), limit=0)


GOOD = b'{"id": "good", "prompt": "p"}\n'
BAD = [
    (b"not json\n", "line 1 is not JSON"),
    (b'{"id": 1, "prompt": "\xff"}\n', "line 1 is not UTF-8 text"),
    (b"17\n", "line 1 is '17'"),
    (b'{"a": 1}\n', "line 1: the fields 'a' match no known dataset"),
    (b'{"id": "bad", "prompt": 1, "tests": [1]}\n', "line 1: the field 'tests'"),
    (b'{"problem": "p", "solution": "no box"}\n', "line 1: there is neither an 'answer' nor a"),
    (b'{"id": "bad", "prompt": "\\ud800"}\n', "line 1: the problem's 'prompt' contains the "),
    (b'{"id": "bad", "prompt": "p", "answer": "\\udfff!"}\n', r"lone surrogate '\udfff';"),
]


@pytest.mark.parametrize(("line", "reason"), BAD)
def test_bad_records_are_left_out_and_the_others_are_read(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(line + GOOD)
    bad_records: list[BadRecord] = []
    assert ids(list(load_dataset(path, bad_records=bad_records))) == ["good"]
    (record,) = bad_records
    assert (record.file, record.line) == (path, 1)
    assert reason in record.reason and str(path) in record.reason


def test_bad_records_of_an_array_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_text('[{"id": 1, "prompt": "p"}, 2, {"id": 1, "prompt": "q"}]')
    bad_records: list[BadRecord] = []
    assert ids(list(load_dataset(path, bad_records=bad_records))) == ["1"]
    assert [record.line for record in bad_records] == [2, 3]


def test_records_keep_their_numbers_where_others_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"question": 1}\n{"question": "q", "gold_answer": 1}\n')
    bad_records: list[BadRecord] = []
    assert ids(list(load_dataset(path, bad_records=bad_records))) == ["set/1"]
    assert bad_records[0].id == "set/0"


def test_file_of_bad_records_alone_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [{"a": 1}, {"b": 2}])
    with pytest.raises(InputError, match=r"contains no readable problems: .*line 1: the"):
        list(load_dataset(path, bad_records=[]))


def test_id_of_a_record_that_was_left_out_is_refused_with_its_reason(tmp_path: Path) -> None:
    path = write(tmp_path, [{"id": "bad", "prompt": " "}, OWN])
    bad_records: list[BadRecord] = []
    found = load_dataset(path, bad_records=bad_records)
    assert ids(list(select_problems(found, ids=["a"], bad_records=bad_records))) == ["a"]
    found = load_dataset(path, bad_records=bad_records)
    with pytest.raises(InputError, match="line 1: the field 'prompt' is empty"):
        select_problems(found, ids=["bad"], bad_records=bad_records)


@pytest.mark.parametrize("compressed", [False, True])
def test_overlong_lines_are_skipped(tmp_path: Path, compressed: bool) -> None:
    path = tmp_path / "set.jsonl"
    content = GOOD + b'{"id": "' + b"x" * 5_000_000 + b'"}\n' + GOOD
    path.write_bytes(gzip.compress(content) if compressed else content)
    first, long, last = read_records(path, longest_line=100)
    assert isinstance(first, Record) and isinstance(last, Record)
    assert (first.line, last.line) == (1, 3)
    assert isinstance(long, BadRecord)
    assert long.reason == f"{path}, line 2 is longer than 100 bytes; it was not read."


def test_arrays_that_are_too_large_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_bytes(gzip.compress(b"[\n" + GOOD + b"," + GOOD + b"]"))
    with pytest.raises(InputError, match=r"is a JSON array of more than 50 bytes, .* one "):
        list(read_records(path, largest_array=50))


def test_line_ends_and_byte_order_marks_make_no_difference(tmp_path: Path) -> None:
    record = {"id": "a", "prompt": "Write f(x).\r\nDouble it.\r\n", "tests": "assert f(1) == 2\r\n"}
    path = tmp_path / "set.jsonl"
    line = json.dumps({**record, "prompt": "\ufeff" + record["prompt"]}).encode()
    path.write_bytes(b"\xef\xbb\xbf" + line + b"\r\n\r\n\xef\xbb\xbf" + GOOD)
    (problem, _), _ = load_dataset(path)
    assert problem.prompt == "Write f(x).\nDouble it.\n"
    assert problem.tests == "assert f(1) == 2\n"
