"""Workers in containers: what the engine is asked for, and what becomes of its refusals."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_of_this_process import Engine

from refinegraph.errors import SandboxUnavailable
from refinegraph.tools import Sandbox, SandboxPolicy
from refinegraph.tools.sandbox.failures import WorkerFailed
from refinegraph.tools.sandbox.kinds import kind_of_worker
from refinegraph.tools.sandbox.pool import close_pools
from refinegraph.tools.sandbox.workers import Worker

POLICY = SandboxPolicy(container="image", memory_mb=200, threads=9, environment=(("A", "b"),))
IDENTITY = "def f(x): return x"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    made = Engine()
    made.install(monkeypatch)
    yield made
    close_pools()


async def test_a_program_is_judged_in_a_container_that_is_removed_afterwards(
    engine: Engine,
) -> None:
    sandbox = Sandbox(policy=POLICY, min_tier="docker")
    verdicts = [await sandbox.check(IDENTITY, "f", [((1,), value)]) for value in (1, 2)]
    assert [verdict.passed for verdict in verdicts] == [True, False]
    assert verdicts[0].isolation.tier == "docker"
    assert verdicts[0].isolation.layers[0] == "container"
    close_pools()
    assert engine.started
    assert all(container.removed for container in engine.started)


def test_a_container_is_as_limited_as_the_policy_says(engine: Engine) -> None:
    Worker.launch(kind_of_worker(POLICY)).close()
    (options,) = engine.asked
    expected = {
        "image": "image",
        "detach": True,
        "user": "65534:65534",
        "network_mode": "none",
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": 17,
        "mem_limit": "456m",
        "memswap_limit": "456m",
        "ipc_mode": "none",
    }
    assert expected.items() <= options.items()
    assert {"A": "b", "PYTHONHASHSEED": "0"}.items() <= options["environment"].items()
    modes = {volume["bind"]: volume["mode"] for volume in options["volumes"].values()}
    assert modes == {"/guest": "ro", "/line": "rw"}


def test_the_folder_of_the_sockets_is_deleted_with_the_container(engine: Engine) -> None:
    worker = Worker.launch(kind_of_worker(POLICY))
    (folder,) = [
        Path(outside)
        for outside, volume in engine.asked[0]["volumes"].items()
        if volume["bind"] == "/line"
    ]
    assert folder.is_dir()
    worker.close()
    assert not folder.exists()
    assert engine.started[0].removed


def test_a_child_process_leaves_the_container_of_its_parent_alone(engine: Engine) -> None:
    worker = Worker.launch(kind_of_worker(POLICY))
    worker.forget()
    worker.close()
    assert not engine.started[0].removed
    engine.started[0].remove(force=True)


async def test_an_engine_that_is_down_is_quoted(engine: Engine) -> None:
    engine.down = "Cannot connect to the Docker daemon"
    with pytest.raises(SandboxUnavailable, match=r"no container could be started: Cannot connect"):
        await Sandbox(policy=POLICY, min_tier="docker").check(IDENTITY, "f", [((1,), 1)])


def test_a_worker_that_ends_at_once_is_quoted(engine: Engine) -> None:
    policy = POLICY.model_copy(update={"preload": ("no_such_module",)})
    worker = Worker.launch(kind_of_worker(policy))
    with pytest.raises(WorkerFailed, match="no_such_module"):
        worker.greet()
    worker.close()


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (b"first\n" + b"x" * 400 + b"\n\n", "x" * 300),
        (b"one\ntwo", "two"),
        (b"", "a worker is gone"),
    ],
)
def test_the_last_line_of_the_log_explains_a_worker_that_ended(
    engine: Engine, log: bytes, words: str
) -> None:
    worker = Worker.launch(kind_of_worker(POLICY))
    (container,) = engine.started
    container.end()
    container.log = log
    with pytest.raises(WorkerFailed, match=rf"^a worker did not start: {words}"):
        worker.greet()
    worker.close()


def test_a_container_that_is_gone_is_named(engine: Engine) -> None:
    worker = Worker.launch(kind_of_worker(POLICY))
    engine.started[0].end()
    engine.started[0].log = None
    with pytest.raises(WorkerFailed, match=r"its container is gone \("):
        worker.greet()
    worker.close()
