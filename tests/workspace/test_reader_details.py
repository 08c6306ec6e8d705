"""Details of test reports, and unusual reports."""

import json

import pytest

from refinegraph.schema import CaseOutcome
from refinegraph.tools.test_runs.readers.cargo import read_cargo
from refinegraph.tools.test_runs.readers.go import read_go
from refinegraph.tools.test_runs.readers.jest import read_jest
from refinegraph.tools.test_runs.readers.tap import looks_like_tap, read_tap

Row = tuple[str, str, str | None, str | None]


def rows(tests: tuple[CaseOutcome, ...]) -> list[Row]:
    return [(test.id, test.status, test.error, test.traceback) for test in tests]


def events(*given: dict[str, object]) -> str:
    return "\n".join(json.dumps({"Package": "p", **event}) for event in given)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            events(
                {"Action": "output", "Test": "A", "Output": "=== RUN A\n"},
                {"Action": "output", "Test": "A", "Output": "  a_test.go:3: no\n"},
                {"Action": "output", "Test": "A", "Output": "--- FAIL: A\n"},
                {"Action": "fail", "Test": "A"},
            ),
            [("p.A", "failed", "a_test.go:3: no", "=== RUN A\n  a_test.go:3: no\n--- FAIL: A")],
        ),
        (events({"Action": "fail", "Test": "A"}), [("p.A", "failed", "it failed", None)]),
        (events({"Action": "skip", "Test": "A"}), [("p.A", "not_run", "skipped", None)]),
        (events({"Action": "pass", "Test": "A"}), [("p.A", "passed", None, None)]),
        (events({"Action": "pass"}, {"Action": "skip"}), []),
        (events({"Action": "fail"}), [("p", "failed", "it failed", None)]),
        (
            events(
                {"Action": "run", "Test": "A"},
                {"Action": "run", "Test": "B"},
                {"Action": "pass", "Test": "A"},
            ),
            [("p.A", "passed", None, None), ("p.B", "error", "it failed", None)],
        ),
        ('{"Action"\n{"x": 1}\n[1]\nnoise', []),
    ],
)
def test_go_keeps_the_first_line_that_says_why(output: str, expected: list[Row]) -> None:
    assert rows(read_go(output)) == expected


def test_go_keeps_the_seconds_where_they_are_a_number() -> None:
    timed = events(
        {"Action": "pass", "Test": "A", "Elapsed": 0.25},
        {"Action": "pass", "Test": "B", "Elapsed": "soon"},
        {"Action": "pass", "Test": "C", "Elapsed": 2},
    )
    assert [test.seconds for test in read_go(timed)] == [0.25, 0.0, 2.0]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("ok 1 - a\nnot ok 2 - b\n# left 1\n# right 2\n1..2", [
            ("a", "passed", None, None), ("b", "failed", "left 1", "left 1\nright 2")]),
        ("not ok 1 a\n---\nmessage: no\n...\nok 2 b", [
            ("a", "failed", "message: no", "message: no"), ("b", "passed", None, None)]),
        ("not ok 1 - a\nok 2 - b", [
            ("a", "failed", "not ok", None), ("b", "passed", None, None)]),
        ("ok 1 - a # skip slow\nok 2 - b # TODO\nnot ok 3 - c # todo later", [
            ("a", "not_run", "skip slow", None), ("b", "not_run", "todo", None),
            ("c", "not_run", "todo later", None)]),
        ("ok 7\nok", [("7", "passed", None, None), ("test", "passed", None, None)]),
        ("okay\nnotok 1", []),
        ("    ok 1 - in\n    not ok 2 - out\nok 1 - x\nok 2 - y", [
            ("x > in", "passed", None, None), ("x > out", "failed", "not ok", None),
            ("x", "passed", None, None), ("y", "passed", None, None)]),
        ("1..3\nok 1 - a", [
            ("a", "passed", None, None),
            ("(planned)", "error", "2 planned tests never ran", None)]),
        ("1..1\nok 1 - a\nok 2 - b", [("a", "passed", None, None), ("b", "passed", None, None)]),
    ],
)  # fmt: skip
def test_tap_keeps_names_directives_and_details(output: str, expected: list[Row]) -> None:
    assert rows(read_tap(output)) == expected


@pytest.mark.parametrize(
    ("output", "looks"),
    [
        ("TAP version 13\nok 1", True),
        ("1..1\nok 1", True),
        ("ok 1", False),
        ("1..1", False),
        ("\n\n\n\nTAP version 14\nok 1", True),
        ("\n\n\n\n\nTAP version 14\nok 1", False),
    ],
)
def test_tap_is_recognised_by_its_version_or_plan(output: str, looks: bool) -> None:
    assert looks_like_tap(output) == looks


def test_cargo_keeps_what_each_test_printed() -> None:
    text = (
        "test a ... FAILED\ntest b - should panic ... FAILED\ntest c ... ignored, slow\n"
        "test d ... ok\nfailures:\n---- a stdout ----\nthread 'a' panicked\n\n---- b stdout ----\n"
        "note: b\nmore\n\nfailures:\n    a\n\ntest result: FAILED\n"
    )
    assert rows(read_cargo(text)) == [
        ("a", "failed", "it failed", "thread 'a' panicked"),
        ("b", "failed", "note: b", "note: b\nmore"),
        ("c", "not_run", "ignored", None),
        ("d", "passed", None, None),
    ]


def test_cargo_that_does_not_build_is_one_failing_test() -> None:
    broken = "warning: x\nerror[E0308]: mismatched types\nmore"
    assert rows(read_cargo("", broken)) == [
        ("build", "error", "error[E0308]: mismatched types", broken)
    ]
    assert rows(read_cargo("", "an error inside")) == [
        ("build", "error", "error", "an error inside")
    ]
    assert read_cargo("test a ... ok", "error: later")[0].id == "a"
    assert len(read_cargo("test a ... ok", "error: later")) == 1
    assert read_cargo("", "all is well") == ()


def test_jest_keeps_the_first_line_of_a_failure_and_files_that_do_not_run() -> None:
    report = {
        "testResults": [
            {"name": "/r/a.js", "status": "failed", "message": "SyntaxError: x\nat y"},
            {"name": "/r/b.js", "status": "passed"},
            {
                "name": "/r/c.js",
                "status": "failed",
                "assertionResults": [
                    {"fullName": "x", "status": "pending", "duration": None},
                    {"fullName": "y", "status": "failed", "failureMessages": ["a\nb", "c"]},
                    {"status": "passed", "duration": 1500},
                ],
            },
        ]
    }
    tests = read_jest(json.dumps(report).encode(), "/r")
    assert rows(tests) == [
        ("a.js", "error", "SyntaxError: x\nat y", "SyntaxError: x\nat y"),
        ("c.js > x", "not_run", None, None),
        ("c.js > y", "failed", "a", "a\nb\nc"),
        ("c.js > ", "passed", None, None),
    ]
    assert tests[-1].seconds == 1.5


@pytest.mark.parametrize("report", [b"", b"[]", b"{}", b'{"testResults": 3}', b"\xff"])
def test_jest_that_cannot_be_read_holds_no_test(report: bytes) -> None:
    assert read_jest(report, "/r") == ()
