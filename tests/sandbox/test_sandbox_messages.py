"""Messages from sandboxed processes, and descriptions of runs."""

import errno
import math
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.schema import Tier
from refinegraph.tools.sandbox.comparing import same_value, show
from refinegraph.tools.sandbox.failures import WorkerFailed, explain
from refinegraph.tools.sandbox.outcomes import (
    describe_ending,
    error_in,
    is_load,
    printable,
    seconds_in,
    trace_in,
    traceback_in,
    unit_outcome,
)
from refinegraph.tools.sandbox.tiers import check_tier, fix_for, tier_of
from refinegraph.tools.sandbox.tracing import TraceLine, show_trace, trace_line
from refinegraph.tools.sandbox.units import test_units as units_of

ALWAYS = ["seccomp", "limits", "no_new_privileges", "no_capabilities", "unprivileged_user"]
WALLED = ["namespaces", "pid_namespace", "private_root", "private_folder"]


@pytest.mark.parametrize(
    ("layers", "tier"),
    [
        ([*ALWAYS, *WALLED, "landlock"], "strong"),
        ([*ALWAYS, *WALLED, "landlock", "another"], "strong"),
        ([*ALWAYS, *WALLED], "medium"),
        ([*ALWAYS, *WALLED, "another"], "medium"),
        ([*ALWAYS, "landlock"], "medium"),
        ([*ALWAYS, "landlock", "namespaces"], "medium"),
        (ALWAYS, "weak"),
        ([*ALWAYS[1:], *WALLED, "landlock"], "weak"),
        (["limits"], "weak"),
        (["seccomp", "landlock"], "none"),
        ([], "none"),
        (["container"], "docker"),
    ],
)
def test_a_tier_needs_all_of_its_layers(layers: list[str], tier: str) -> None:
    assert tier_of(layers) == tier


@pytest.mark.parametrize("missing", [*ALWAYS, *WALLED])
def test_without_any_one_layer_a_tier_is_weaker(missing: str) -> None:
    layers = [layer for layer in (*ALWAYS, *WALLED, "landlock") if layer != missing]
    assert tier_of(layers) in (("medium",) if missing in WALLED else ("weak", "none"))


def test_a_tier_below_the_one_that_is_wanted_is_refused_with_what_to_do() -> None:
    order = get_args(Tier)
    check_tier(ALWAYS, [], wanted="weak")
    check_tier([*ALWAYS, *WALLED, "landlock"], [], wanted="weak")
    assert order.index("strong") < order.index("medium") < order.index("weak")
    with pytest.raises(SandboxUnavailable) as refused:
        check_tier(ALWAYS, ["landlock: too old", "other: gone"], wanted="medium")
    said = str(refused.value)
    assert (
        "only at tier 'weak' here, but 'medium' was requested (landlock: too old; other: gone)"
        in said
    )
    assert "To fix this, use Linux 6.12 or newer" in said
    with pytest.raises(SandboxUnavailable, match="no layer was refused, but"):
        check_tier(ALWAYS, [], wanted="medium")
    assert (fix_for("landlock: too old") or "").startswith("use Linux 6.12")
    assert fix_for("other") is None


# outcomes


def test_an_outcome_is_read_field_by_field() -> None:
    told = {
        "status": "failed", "call": "f(1)", "expected": "2", "got": "3", "error": "E",
        "said": "why", "trace": "line 1", "seconds": 0.5,
    }  # fmt: skip
    found = unit_outcome("t1", "f(0)", told)
    assert found.model_dump(exclude={"origin"}, exclude_defaults=True) == {
        "id": "t1", "status": "failed", "call": "f(1)", "expected": "2", "got": "3",
        "error": "E: why", "traceback": "line 1", "seconds": 0.5,
    }  # fmt: skip
    passed = unit_outcome("t1", "f(0)", {"status": "passed", "error": "E"})
    assert (passed.status, passed.call, passed.error) == ("passed", "f(0)", None)
    odd = unit_outcome("t1", "f" * 900, {"status": "excellent", "got": 3, "trace": ""})
    assert (odd.status, odd.got, odd.error, odd.traceback) == ("error", None, None, None)
    assert odd.call == "f" * 600
    assert len(unit_outcome("t", "", {"got": "x" * 900}).got or "") == 700


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0, 0.0), (0.25, 0.25), (-1, 0.0), (1e6, 0.0), (999_999, 999_999.0), ("1", 0.0), (None, 0.0),
     (math.nan, 0.0), (math.inf, 0.0), (10**400, 0.0)],
)  # fmt: skip
def test_seconds_are_a_number_that_can_be(value: object, seconds: float) -> None:
    assert seconds_in({"seconds": value}) == seconds


def test_the_parts_of_an_error_message_are_joined() -> None:
    assert error_in({"error": "E", "said": "why"}) == "E: why"
    assert error_in({"said": "why"}) == "why"
    assert error_in({}) == ""
    assert traceback_in({"trace": "\udc80"}) == "\\udc80"
    assert printable("a\ud800b") == "a\\ud800b"
    assert describe_ending("timeout") == "it did not answer in time"
    assert describe_ending("passed") == ""


@pytest.mark.parametrize(
    ("told", "load"),
    [
        ({"loaded": False}, True),
        ({"loaded": True, "names": {}}, True),
        ({"loaded": True}, False),
        ({"loaded": True, "names": []}, False),
        ({"loaded": 1, "names": {}}, False),
        ({}, False),
    ],
)
def test_a_loading_message_is_distinguished_from_others(told: dict[str, Any], load: bool) -> None:
    assert is_load(told) is load


# traces


def test_a_line_of_a_trace_is_cut_and_never_believed() -> None:
    line = trace_line([3, "f" * 99, {"x" * 99: "1" * 200, 2: 3}])
    assert line == TraceLine(
        number=3, function="f" * 80, changed=(("x" * 80, "1" * 120), ("2", "3"))
    )
    wide = trace_line([1, "f", {str(n): "v" for n in range(40)}])
    assert wide is not None and len(wide.changed) == 30
    odd: object
    for odd in (None, [], [1, "f"], ["1", "f", {}], [True, "f", {}], (1, "f", {}), [1, 2, {}]):
        assert trace_line(odd) is None
    many = {"trace_lines": [[n, "f", {}] for n in range(1200)] + [None]}
    assert len(trace_in(many)) == 1000
    assert len(trace_in({"trace_lines": [[1, "f", {}], None, [2, "f", {}]]})) == 2
    assert trace_in({"trace_lines": "none"}) == ()


def test_the_middle_of_a_long_trace_is_left_out() -> None:
    lines = [TraceLine(number=n, function="f", changed=(("x", str(n)),)) for n in range(1, 8)]
    source = "\n".join(f"  x = {n}  " for n in range(1, 7))
    shown = show_trace(lines, source, max_lines=5).splitlines()
    assert shown == [
        "line 1  x = 1    # x = 1",
        "line 2  x = 2    # x = 2",
        "... 2 more ...",
        "line 5  x = 5    # x = 5",
        "line 6  x = 6    # x = 6",
        "line 7      # x = 7",
    ]
    assert len(show_trace(lines, source, max_lines=7).splitlines()) == 7
    nowhere = TraceLine(number=0, function="f", changed=(("a", "1"), ("b", "2")))
    assert show_trace([nowhere], source) == "line 0      # a = 1, b = 2"


# units


@pytest.mark.parametrize(
    ("tests", "units"),
    [
        ("assert f(1)\nassert f(2)", ["assert f(1)", "assert f(2)"]),
        ("x = 1\nassert f(x)", ["x = 1\nassert f(x)"]),
        ("assert f(1)\nx = 1\nassert f(x)", ["assert f(1)", "x = 1\nassert f(x)"]),
        ("def test_a(): assert f(1)", ["def test_a(): assert f(1)\ntest_a()"]),
        ("def check(c): assert c(1)", ["def check(c): assert c(1)\ncheck(f)"]),
        ("def check(c, d): pass", ["def check(c, d): pass"]),
        ("def helper(): pass\nassert f(1)", ["def helper(): pass\nassert f(1)"]),
        ("x = 1\ny = 2", ["x = 1\ny = 2"]),
        ("", []),
        (["assert f(1)", "x = 1"], ["assert f(1)", "x = 1"]),
    ],
)
def test_tests_are_split_into_units(tests: str | list[str], units: list[str]) -> None:
    assert units_of(tests, entry_point="f") == units


def test_tests_that_do_not_parse_are_refused_with_their_line() -> None:
    for broken in ("x = 1\nassert (", ["x = 1", "x = 1\nassert ("]):
        with pytest.raises(InputError, match="line 2 of the tests does not parse"):
            units_of(broken, entry_point="f")
    with pytest.raises(InputError, match="the tests do not parse"):
        units_of("\x00", entry_point="f")


# values


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1 + 0.2, 0.3, True), (1.0, 1, True), (1, True, True), (1e-12, 0.0, False),
        (1.0, 1.0 + 1e-8, False), (1.0, 1.0 + 1e-10, True), ([1], (1,), False), ((), (), True),
        ([1, 2], [1], False), ([[0.1 + 0.2]], [[0.3]], True), ({"a": 0.1 + 0.2}, {"a": 0.3}, True),
        ({"a": 1}, {"b": 1}, False), ({"a": 1}, {"a": 1, "b": 2}, False), ("1", 1, False),
        (1.0, "1.0", False), (1j, 1j, True), (1.0, 1 + 0j, True), (1.5, 1.5 + 1j, False),
        (math.inf, math.inf, True), (math.nan, math.nan, False), (1e308, 10**400, False),
        ({1}, {1}, True), (None, None, True), (None, 0, False), (2, 3, False), (3, 2, False),
    ],
)  # fmt: skip
def test_values_are_compared_by_kind_and_floats_by_nearness(
    one: object, other: object, same: bool
) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same


@given(st.floats(1e-6, 1e6), st.floats(1e-12, 1e-3))
def test_nearness_is_relative(value: float, relative: float) -> None:
    assert same_value(value, value * (1 + relative / 2), relative=relative)
    assert not same_value(value, value * (1 + relative * 3), relative=relative)


def test_values_are_shown_in_bounded_length() -> None:
    assert show([1, "a"]) == "[1, 'a']"
    long = show("a" * 400 + "b" * 400)
    assert long == "'" + "a" * 299 + " ... " + "b" * 299 + "'"
    assert show("a" * 598) == repr("a" * 598)
    assert show(10**5000) == "a value with an integer of very many digits"


# failures


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there is not enough memory to start a process"),
        (OSError(errno.ENOMEM, "x"), "there is not enough memory to start a process"),
        (PermissionError(errno.EACCES, "x", "/a"), "this user may not execute or read /a"),
        (PermissionError(errno.EPERM, "x", "/a"), "this user may not execute or read /a"),
        (PermissionError(errno.EACCES, "no"), "[Errno 13] no"),
        (OSError(errno.ENFILE, "x"), "the system has no more file handles (sysctl fs.file-max)"),
        (OSError(errno.EAGAIN, "x"), "no more processes may be started"),
        (OSError(errno.EMFILE, "x"), "this process may open only"),
        (OSError(errno.ENOENT, "gone", "/b"), "[Errno 2] gone: '/b'"),
        (WorkerFailed("it broke"), "it broke"),
        (WorkerFailed(), "WorkerFailed"),
    ],
)
def test_failures_say_what_to_do(error: Exception, words: str) -> None:
    assert explain(error).startswith(words)
