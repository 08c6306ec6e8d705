"""A driver outside the cluster reaches it by a `ray://` address, and may die and be replaced."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="ray is not installed")
pytest.importorskip("grpc", reason="the client of Ray is not installed")

DRIVER = r"""
import asyncio, os, re, signal, sys
from pathlib import Path
import refinegraph as rg
from refinegraph.agents.models import ScriptedChatModel

address, folder, out, victim = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]

def answer(messages, sampling):
    log = folder / "asked"
    with log.open("a") as file:
        file.write("once\n")
    if victim and len(log.read_text().splitlines()) == 6:
        os.kill(int((folder / "driver").read_text()), signal.SIGKILL)
    found = re.search(r"What is (\d+)", messages[-1].text)
    return f"The answer is \\boxed{{{found[1] if found else 0}}}"

async def main():
    (folder / "driver").write_text(str(os.getpid()))
    questions = [{"prompt": f"What is {n}?", "kind": "math", "page": n} for n in range(4)]
    options = {"strategy": "self-refine", "rounds": 1, "in_order": True, "learn": "off"}
    options |= {"out": out, "resume": True, "concurrency": 1}
    options |= {"cluster": address} if address != "none" else {}
    model = ScriptedChatModel(answer)
    async for record in rg.solve_many(questions, model=model, **options):
        print(record.index, record.answer, record.error, flush=True)

asyncio.run(main())
"""

_IMPATIENT = {
    "RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S": "2",
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "2",
}
"""Ray tries three times to connect, thirty seconds altogether."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """Start a cluster, whose data folder is one of its own, and a server for clients."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REFINEGRAPH_HOME", str(home))
        about = ray.init(
            "local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR"
        )
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        flags = ("--host", "127.0.0.1", "--port", str(port), "--mode", "legacy", "--address")
        server = subprocess.Popen(
            (
                sys.executable,
                "-m",
                "ray.util.client.server",
                *flags,
                about.address_info["gcs_address"],
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield f"ray://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()
            ray.shutdown()


def drive(
    address: str, folder: Path, out: Path, *, dies: bool = False
) -> "subprocess.CompletedProcess[str]":
    folder.mkdir(exist_ok=True)
    script = folder / "driver.py"
    script.write_text(DRIVER)
    return subprocess.run(
        [sys.executable, script, address, str(folder), str(out), "dies" if dies else ""],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **_IMPATIENT},
        check=False,
    )


def asked(folder: Path) -> int:
    return len((folder / "asked").read_text().splitlines())


def test_a_driver_outside_the_cluster_that_dies_is_replaced(address: str, tmp_path: Path) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    assert drive("none", alone, tmp_path / "alone.jsonl").returncode == 0
    out = tmp_path / "together.jsonl"
    dead = drive(address, together, out, dies=True)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    ended = drive(address, together, out)
    assert ended.returncode == 0, ended.stderr
    assert out.read_bytes() == (tmp_path / "alone.jsonl").read_bytes()
    assert asked(together) <= asked(alone) + 1  # the answer under way when the worker was ended
    assert not list(Path(os.environ["REFINEGRAPH_HOME"]).glob("clusters/*"))


def test_an_address_without_a_cluster_is_bad_input(tmp_path: Path) -> None:
    refused = drive("ray://127.0.0.1:9", tmp_path / "none", tmp_path / "none.jsonl")
    assert "there is no Ray cluster at 'ray://127.0.0.1:9'" in refused.stderr
    assert "RAY_AUTH_MODE=token" in refused.stderr


def test_a_cluster_of_this_machine_is_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:9")  # where Ray looks for one that is running
    alone, own = tmp_path / "alone.jsonl", tmp_path / "own.jsonl"
    assert drive("none", tmp_path / "alone", alone).returncode == 0
    ended = drive("ray", tmp_path / "own", own)
    assert ended.returncode == 0, ended.stderr
    assert own.read_bytes() == alone.read_bytes()
