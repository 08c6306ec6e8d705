"""Parsing of test commands, and parts of a patch that may not influence its own verdict."""

from pathlib import Path

import pytest

from refinegraph.errors import InputError
from refinegraph.schema import Isolation
from refinegraph.tools.test_runs.commands import recipe_for, split_command, split_variables
from refinegraph.tools.test_runs.protecting import is_test, protect
from refinegraph.tools.workspace import TreePolicy
from refinegraph.tools.workspace.environment import command_environment
from refinegraph.tools.workspace.results import CommandLimit, CommandResult

REPORT = ".refinegraph-report"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("pytest -q 'a b'", ("pytest", "-q", "a b")),
        ("pytest '$x|y'", ("pytest", "$x|y")),
        ("cd a && pytest", ("sh", "-c", "cd a && pytest")),
        ("pytest *.py", ("sh", "-c", "pytest *.py")),
        ("A=1 pytest", ("env", "A=1", "pytest")),
        ("a=b", ("env", "a=b")),
        ("./a=b", ("./a=b",)),
        (["a b", "c"], ("a b", "c")),
        ("a\nb", ("sh", "-c", "a\nb")),
    ],
)
def test_commands_are_split_into_words(command: str | list[str], words: tuple[str, ...]) -> None:
    assert split_command(command) == words


@pytest.mark.parametrize("command", ["", " ", [], [""], ["", "a"]])
def test_empty_commands_are_refused(command: str | list[str]) -> None:
    with pytest.raises(InputError, match="the test command is empty"):
        split_command(command)
    with pytest.raises(InputError, match="cannot be parsed: No closing quotation"):
        split_command('a "b')


@pytest.mark.parametrize(
    ("words", "variables", "rest"),
    [
        (["env", "A=1", "B=2=3", "x"], {"A": "1", "B": "2=3"}, ("x",)),
        (["env", "-i", "A=1", "x"], {}, ("env", "-i", "A=1", "x")),
        (["env", "A=1", "-u", "B", "x"], {"A": "1"}, ("env", "-u", "B", "x")),
        (["A=1", "x"], {}, ("A=1", "x")),
        (["env", "A=1"], {}, ("env", "A=1")),
        (["env", "x"], {}, ("env", "x")),
        (["env", "A=x\ny", "z"], {"A": "x\ny"}, ("z",)),
    ],
)
def test_variables_are_taken_from_the_front(
    words: list[str], variables: dict[str, str], rest: tuple[str, ...]
) -> None:
    assert split_variables(words) == (variables, rest)


@pytest.mark.parametrize(
    ("command", "words", "form", "collect"),
    [
        ("go test ./...", "go test -json ./...", "go", ()),
        ("go test -json ./...", "go test -json ./...", "go", ()),
        ("go vet", "go vet", "exit code", ()),
        ("cargo build", "cargo build", "exit code", ()),
        ("cargo +nightly test", "cargo +nightly test", "cargo", ()),
        ("npx jest a", f"npx jest a --json --outputFile={REPORT}.json", "jest",
         (f"{REPORT}.json",)),
        ("vitest run", f"vitest run --reporter=junit --outputFile={REPORT}.xml", "junit",
         (f"{REPORT}.xml",)),
        ("node --test a", "node --test-reporter=tap --test a", "tap", ()),
        ("node --test --test-reporter=tap", "node --test --test-reporter=tap", "tap", ()),
        ("node a.js", "node a.js", "exit code", ()),
        ("./mvnw test", "./mvnw test", "junit", ("**/target/surefire-reports/TEST-*.xml",)),
        ("gradle test", "gradle test", "junit", ("**/build/test-results/**/TEST-*.xml",)),
        ("/usr/bin/py.test a", "/usr/bin/py.test a", "pytest", ()),
        ("a b c d e f g pytest", "a b c d e f g pytest", "pytest", ()),
        ("a b c d e f g h pytest", "a b c d e f g h pytest", "exit code", ()),
    ],
)  # fmt: skip
def test_a_test_runner_is_extended_with_a_report(
    command: str, words: str, form: str, collect: tuple[str, ...]
) -> None:
    recipe = recipe_for(command)
    assert (recipe.words, recipe.format, recipe.collect) == (tuple(words.split()), form, collect)
    assert recipe.only == (() if form == "pytest" else None)


@pytest.mark.parametrize(
    ("script", "form"),
    [("cd a; pytest", "pytest"), ("(pytest)", "exit code"), ("cd a && /b/pytest -q", "pytest"),
     ("mypytest | cat", "exit code"), ("py.test | cat", "pytest")],
)  # fmt: skip
def test_pytest_is_seen_inside_a_shell(script: str, form: str) -> None:
    assert recipe_for(script).format == form


@pytest.mark.parametrize(
    "path",
    [
        "test/a.py", "a/__tests__/b.js", "spec/a.rb", "a/tests.py", "b_test.py", "a.spec.tsx",
        "a.test.mjs", "ATest.java", "AIT.java", "a_spec.rb", "ATest.kt",
    ],
)  # fmt: skip
def test_files_of_tests(path: str) -> None:
    assert is_test(path)


@pytest.mark.parametrize("path", ["tests", "contest.py", "a/spec.py", "test.txt", "Test.java.bak"])
def test_files_that_only_look_like_tests(path: str) -> None:
    assert not is_test(path)


def refused(root: Path, path: str, **how: list[str]) -> str:
    return protect({path: "x"}, root, **how).refused


def test_a_patch_may_not_add_what_runs_before_the_tests(tmp_path: Path) -> None:
    for path in ("sitecustomize.py", "a/usercustomize.py", "a/b/conftest.py", "x.pth"):
        assert "runs before the tests" in refused(tmp_path, path)
    for path in ("json.py", "a/json/__init__.py", "pytest.py", "coverage.so", "src/os.pyi"):
        assert "imported instead of the module" in refused(tmp_path, path) or "a/json" in path
    assert refused(tmp_path, "mine.py") == ""
    assert refused(tmp_path, "json.txt") == ""
    assert refused(tmp_path, "__main__.py") == ""
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    assert refused(tmp_path, "pkg/json.py") == "", "it is imported as pkg.json"
    (tmp_path / "json.py").write_text("")
    assert refused(tmp_path, "json.py") == "", "it is there already"
    assert protect({"os.py": None}, tmp_path).refused == ""


def test_tests_and_settings_of_a_patch_are_left_out_and_the_rest_is_kept(tmp_path: Path) -> None:
    changes: dict[str, str | bytes | None] = {
        "a.py": "1", "tests/b.py": "2", "tox.ini": "3", "sub/Makefile": "4", "c.snap": "5",
        "gone.py": None,
    }  # fmt: skip
    found = protect(changes, tmp_path, more=["*.snap"], allowed=["tox.ini"])
    assert dict(found.changes) == {"tox.ini": "3", "a.py": "1", "gone.py": None}
    assert found.left_out == ("tests/b.py", "sub/Makefile", "c.snap")
    assert found.refused == ""


@pytest.mark.parametrize("name", ["package.json", "pyproject.toml"])
def test_settings_that_cannot_be_merged_are_left_out(name: str, tmp_path: Path) -> None:
    assert protect({name: "{}"}, tmp_path).left_out == (name,), "it is new"
    (tmp_path / name).write_text("{}" if name.endswith("json") else "")
    assert protect({name: None}, tmp_path).left_out == (name,)
    assert protect({name: "[broken"}, tmp_path).left_out == (name,)
    kept = protect({name: b'{"a": 1}' if name.endswith("json") else b"a = 1"}, tmp_path)
    assert kept.left_out == () and name in kept.changes


# environment, policy and results


def test_a_command_gets_no_secret_of_its_caller() -> None:
    caller = {
        "OPENAI_API_KEY": "k", "PATH": "/x", "LC_ALL": "de", "MY_LC_ALL": "no", "HOME": "/root",
        "PYTHONPATH": "p", "CI": "0",
    }  # fmt: skip
    found = command_environment("/home/u", caller=caller, more=[("A", "1"), ("CI", "2")])
    assert {name: found.get(name) for name in (*caller, "A", "TMPDIR")} == {
        "OPENAI_API_KEY": None, "PATH": "/x", "LC_ALL": "de", "MY_LC_ALL": None,
        "HOME": "/home/u", "PYTHONPATH": "p", "CI": "2", "A": "1", "TMPDIR": "/tmp",
    }  # fmt: skip
    count = int(found["GIT_CONFIG_COUNT"])
    keys = [found[f"GIT_CONFIG_KEY_{n}"] for n in range(count)]
    assert "core.hooksPath" in keys and len(keys) == len(set(keys))
    assert found[f"GIT_CONFIG_VALUE_{keys.index('core.hooksPath')}"] == "/dev/null"
    assert f"GIT_CONFIG_KEY_{count}" not in found


@pytest.mark.parametrize(
    ("field", "least"),
    [("memory_mb", 64), ("disk_mb", 16), ("files", 1024), ("processes", 8), ("open_files", 64),
     ("output_bytes", 1024), ("drain_bytes", 1024)],
)  # fmt: skip
def test_limits_have_a_least_value(field: str, least: int) -> None:
    assert getattr(TreePolicy.model_validate({field: least}), field) == least
    with pytest.raises(ValueError, match=field):
        TreePolicy.model_validate({field: least - 1})


def test_a_command_may_not_have_no_time() -> None:
    assert TreePolicy(wall_seconds=0.1).wall_seconds == 0.1
    with pytest.raises(ValueError, match="wall_seconds"):
        TreePolicy(wall_seconds=0)


@pytest.mark.parametrize(
    ("code", "signal", "limit", "ok", "ending"),
    [
        (0, None, None, True, "exit code 0"),
        (1, None, None, False, "exit code 1"),
        (None, 9, None, False, "ended by signal 9"),
        (0, None, "disk", False, "the tree was full: it wrote too much"),
        (None, 9, "timeout", False, "stopped: it took too long"),
    ],
)
def test_an_ending_in_one_phrase(
    code: int | None, signal: int | None, limit: CommandLimit | None, ok: bool, ending: str
) -> None:
    result = CommandResult(
        command=("x",), exit_code=code, signal=signal, limit=limit, isolation=Isolation(tier="none")
    )
    assert (result.ok, result.ending) == (ok, ending)
