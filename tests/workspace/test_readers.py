"""Reports of test runners are parsed in every format, and never trusted blindly."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError
from refinegraph.tools.test_runs.canaries import plant
from refinegraph.tools.test_runs.commands import recipe_for
from refinegraph.tools.test_runs.protecting import is_test, protect
from refinegraph.tools.test_runs.readers.cargo import read_cargo
from refinegraph.tools.test_runs.readers.go import read_go
from refinegraph.tools.test_runs.readers.guard import read_records
from refinegraph.tools.test_runs.readers.jest import read_jest
from refinegraph.tools.test_runs.readers.junit import read_junit
from refinegraph.tools.test_runs.readers.tap import looks_like_tap, read_tap

MAVEN = b"""<testsuite><testcase name="adds" classname="a.BTest" time="0.5"/>
<testcase name="fails" classname="a.BTest"><failure message="1 != 2">trace</failure></testcase>
<testcase name="skips" classname="a.BTest"><skipped/></testcase></testsuite>"""


def test_junit_of_maven_is_read() -> None:
    tests = read_junit([MAVEN])
    assert [(each.id, each.status) for each in tests] == [
        ("a.BTest::adds", "passed"),
        ("a.BTest::fails", "failed"),
        ("a.BTest::skips", "not_run"),
    ]
    assert (tests[0].seconds, tests[1].error, tests[1].traceback) == (0.5, "1 != 2", "trace")


def test_junit_of_pytest_has_pytests_names() -> None:
    case = b'<testcase file="t/test_a.py" classname="t.test_a.TestB" name="test_c"/>'
    report = b"<testsuite>" + case + b"</testsuite>"
    assert [each.id for each in read_junit([report])] == ["t/test_a.py::TestB::test_c"]


def test_junit_that_defines_entities_is_not_read() -> None:
    assert read_junit([b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>', b"<broken"]) == ()


def test_go_is_read_with_panics_as_failures() -> None:
    lines = [
        {"Action": "run", "Package": "p", "Test": "A"},
        {"Action": "pass", "Package": "p", "Test": "A", "Elapsed": 0.1},
        {"Action": "run", "Package": "p", "Test": "B"},
        {"Action": "output", "Package": "p", "Test": "B", "Output": "panic: no\n"},
        {"Action": "fail", "Package": "p"},
    ]
    tests = {each.id: each for each in read_go("\n".join(map(json.dumps, lines)))}
    assert {name: each.status for name, each in tests.items()} == {
        "p.A": "passed",
        "p": "failed",
        "p.B": "error",
    }
    assert tests["p.B"].error == "panic: no"


TAP = """TAP version 13
    ok 1 - inner
    1..1
ok 1 - outer
not ok 2 - breaks
  ---
  message: no
  ...
ok 3 - later # SKIP not now
1..4
"""


def test_tap_is_read_with_subtests_and_missing_tests() -> None:
    assert looks_like_tap(TAP)
    assert [(each.id, each.status) for each in read_tap(TAP)] == [
        ("outer > inner", "passed"),
        ("outer", "passed"),
        ("breaks", "failed"),
        ("later", "not_run"),
        ("(planned)", "error"),
    ]


def test_cargo_is_read_with_what_failing_tests_said() -> None:
    text = (
        "test a::adds ... ok\ntest a::fails ... FAILED\ntest b ... ignored\n\nfailures:\n\n"
        "---- a::fails stdout ----\nthread 'a' panicked\nleft: 1\n\nfailures:\n    a::fails\n"
    )
    tests = read_cargo(text)
    assert [each.status for each in tests] == ["passed", "failed", "not_run"]
    assert tests[1].error == "left: 1"
    assert read_cargo("", "error[E0308]: mismatched\n")[0].id == "build"


def test_jest_is_read() -> None:
    report = {
        "testResults": [
            {
                "name": "/r/a.test.js",
                "status": "failed",
                "assertionResults": [
                    {"fullName": "adds", "status": "passed", "duration": 5},
                    {"fullName": "breaks", "status": "failed", "failureMessages": ["no\nat x"]},
                ],
            }
        ]
    }
    tests = read_jest(json.dumps(report).encode(), "/r")
    assert [(each.id, each.status, each.error) for each in tests] == [
        ("a.test.js > adds", "passed", None),
        ("a.test.js > breaks", "failed", "no"),
    ]


@given(st.text() | st.from_regex(r"(not )?ok \d+ - \w+( # skip)?\n1\.\.\d+", fullmatch=True))
def test_readers_accept_any_text(text: str) -> None:
    written = text.encode("utf-8", "replace")
    for tests in (
        read_go(text),
        read_tap(text),
        read_cargo(text, text),
        read_jest(written, "/"),
        read_junit([written]),
    ):
        assert all(test.id for test in tests or ())


def _record(key: bytes, number: int, record: dict[str, object]) -> bytes:
    body = json.dumps([number, record]).encode()
    return hmac.new(key, body, hashlib.sha256).hexdigest().encode() + body + b"\n"


def test_records_that_are_forged_or_out_of_order_are_tampering() -> None:
    end: dict[str, object] = {"kind": "end", "code": 0, "patched": [], "plugins": []}
    right = _record(b"k", 0, end)
    assert read_records(right, b"k").complete
    assert not read_records(right, b"k").tampering
    assert read_records(_record(b"other", 0, end), b"k").tampering
    assert read_records(_record(b"k", 1, end), b"k").tampering
    late = right + _record(b"k", 1, {"kind": "collected", "ids": []})
    assert read_records(late, b"k").tampering


@pytest.mark.parametrize(
    ("command", "form"),
    [
        ("pytest -q", "pytest"),
        ("python -m pytest tests", "pytest"),
        ("A=1 poetry run pytest", "pytest"),
        ("cd sub && pytest -q", "pytest"),
        ("cargo test --all", "cargo"),
        ("mvn -q test", "junit"),
        ("npx jest", "jest"),
        ("node --test", "tap"),
        ("make check", "exit code"),
    ],
)
def test_runners_are_recognised(command: str, form: str) -> None:
    assert recipe_for(command).format == form


@pytest.mark.parametrize("command", ["", "  ", "pytest 'open"])
def test_commands_that_are_none_are_refused(command: str) -> None:
    with pytest.raises(InputError):
        recipe_for(command)


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("tests/data/a.json", True),
        ("pkg/test_a.py", True),
        ("pkg/conftest.py", True),
        ("a_test.go", True),
        ("src/a.test.ts", True),
        ("src/testing/tools.py", False),
        ("src/latest.py", False),
    ],
)
def test_test_files_are_known_by_their_names(path: str, test: bool) -> None:
    assert is_test(path) is test


def test_settings_of_tools_stay_and_the_rest_of_the_file_changes(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"scripts": {"test": "jest"}, "version": "1"}')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "a"\n[tool.pytest]\nx = 1\n')
    package = '{"scripts": {"test": "true"}, "version": "2"}'
    kept = protect({"package.json": package}, tmp_path).changes["package.json"]
    assert json.loads(str(kept)) == {"version": "2", "scripts": {"test": "jest"}}
    renamed = '[project]\nname = "b"\n[tool.pytest]\nx = 1\n'
    assert protect({"pyproject.toml": renamed}, tmp_path).changes
    other = protect({"pyproject.toml": renamed.replace("x = 1", "x = 2")}, tmp_path)
    assert other.left_out == ("pyproject.toml",)
    assert protect({"conftest.py": ""}, tmp_path).refused
    assert not protect({"conftest.py": ""}, tmp_path, allowed=["conftest.py"]).refused
    assert protect({"a/snap.txt": ""}, tmp_path, more=["*.txt"]).left_out == ("a/snap.txt",)


def test_canaries_fail_at_every_way_out() -> None:
    source = (
        "def test_a(x=1):\n    if x:\n        return\n    assert x == str(2)\n"
        "class TestB:\n    def test_c(self): assert len([]) == 0"
    )
    planted = plant(source, ["test_a", "TestB::test_c", "test_gone"])
    assert set(planted.words) == {"test_a", "TestB::test_c"}
    space: dict[str, Any] = {}
    exec(compile(planted.source, "planted", "exec"), space)
    with pytest.raises(AssertionError, match=r"k[0-9a-f]{16}"):
        space["test_a"]()
    with pytest.raises(AssertionError, match=r"k[0-9a-f]{16}"):
        space["TestB"]().test_c()
