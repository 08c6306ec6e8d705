"""`refinegraph demo` without a terminal: the tour, and commands from a file."""

import os
import signal
import subprocess

import pytest
from command_line import COMMAND, environment, run_process

pytest.importorskip("xllamacpp", reason="the extra 'local' is not installed")


def test_the_tour_fails_repairs_and_proves() -> None:
    done = run_process("demo")
    assert done.code == 0
    assert "refiner" in done.err
    assert "── task 2 ──" in done.err
    assert "refinegraph solve" in done.err
    assert "\x1b" not in done.err + done.out


def test_problems_and_commands_are_piped() -> None:
    script = b"Write turned(xs) for a list of integers. Reverse the list.\n/why\n/nonsense\n/quit\n"
    done = run_process("demo", stdin=script)
    assert done.code == 0
    assert "def turned(xs):" in done.out
    assert "unknown command '/nonsense'" in done.err
    assert "1. " in done.err


def test_no_model_and_no_setting_means_the_one_in_the_package() -> None:
    done = run_process(
        "solve", "Write turned(xs) for a list of integers. Reverse the list.", env=environment()
    )
    assert "embedded, tiny and offline" in done.err
    assert "def turned(xs):" in done.out


def test_a_closed_standard_input_is_an_empty_one() -> None:
    done = subprocess.run(
        [*COMMAND, "demo"],
        capture_output=True,
        timeout=60,
        env=environment(),
        preexec_fn=lambda: os.close(0),
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert b"refinegraph solve" in done.stderr


@pytest.mark.parametrize("task", [b"task 1", b"task 2"])
def test_an_interrupt_ends_the_tour_with_its_exit_code(task: bytes) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stderr
    for line in process.stderr:
        if task in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
