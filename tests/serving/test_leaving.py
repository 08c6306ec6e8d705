"""Disconnecting clients, and servers that are busy, slow or shutting down."""

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from command_line import COMMAND, environment
from serving_tools import ASK, PATIENCE, RIGHT, TESTS, Served, Serving, Upstream, wait_until

from refinegraph.serving import Client, ClientBook

TOOLS = [{"type": "function", "function": {"name": "look"}}]
TASK = {"model": "adaptive/openai/m", "messages": ASK, "refinegraph": {"tests": TESTS}}
PASSED = {"model": "openai/m", "messages": ASK, "tools": TOOLS}


@pytest.mark.parametrize("body", [TASK, PASSED], ids=["run", "pass-through"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_client_that_leaves_frees_its_call(
    served: Callable[..., Served], body: dict[str, Any], stream: bool
) -> None:
    server = served(RIGHT, hold=True, heartbeat=0.05)
    sent = json.dumps({**body, "stream": stream}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        f"content-type: application/json\r\ncontent-length: {len(sent)}\r\n\r\n"
    )
    port = int(server.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + sent)
        wait_until(lambda: server.upstream.active == 1)
    wait_until(lambda: server.upstream.active == 0)
    wait_until(lambda: server.app.service.admission.active == 0)
    assert len(server.upstream.asked) == 1


@pytest.mark.parametrize(
    ("body", "sign"), [(TASK, "1 under way"), (PASSED, ": waiting")], ids=["run", "pass-through"]
)
def test_a_stream_shows_signs_of_life(
    served: Callable[..., Served], body: dict[str, Any], sign: str
) -> None:
    server = served(RIGHT, hold=True, heartbeat=0.05)
    seen = 0
    url = f"{server.base}/chat/completions"
    with httpx.stream("POST", url, json={**body, "stream": True}, timeout=PATIENCE) as response:
        for line in response.iter_lines():
            seen += sign in line
            if seen == 3:
                server.upstream.held.set()
    assert seen >= 3
    assert server.upstream.active == 0


def test_requests_beyond_the_limit_are_refused_with_retry_after(
    served: Callable[..., Served],
) -> None:
    server = served(RIGHT, hold=True, max_requests=1)
    url = f"{server.base}/chat/completions"
    first = threading.Thread(target=httpx.post, args=(url,), kwargs={"json": TASK, "timeout": 60})
    first.start()
    wait_until(lambda: server.upstream.active == 1)
    refused = httpx.post(url, json=TASK)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == "server_busy"
    assert httpx.get(f"{server.address}/health").json()["requests"] == 1
    server.upstream.held.set()
    first.join()
    assert httpx.post(url, json=TASK, timeout=PATIENCE).status_code == 200


def test_cancelled_work_is_reported_to_its_client(served: Callable[..., Served]) -> None:
    server = served(RIGHT, hold=True)
    answers: list[httpx.Response] = []
    url = f"{server.base}/chat/completions"

    def ask(stream: bool) -> None:
        answers.append(httpx.post(url, json={**TASK, "stream": stream}, timeout=PATIENCE))

    threads = [threading.Thread(target=ask, args=(stream,)) for stream in (False, True)]
    for thread in threads:
        thread.start()
    wait_until(lambda: server.upstream.active == 2)
    assert server.app.service.admission.cut_off() == 2
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(answer.status_code for answer in answers) == [200, 503]
    assert all("server_stopping" in answer.text for answer in answers)
    assert httpx.post(url, json=TASK).status_code == 503
    wait_until(lambda: server.upstream.active == 0)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_passes_through_is_cut_off_too(served: Callable[..., Served], stream: bool) -> None:
    server = served(RIGHT, hold=True, heartbeat=0.05)
    answers: list[httpx.Response] = []
    url = f"{server.base}/chat/completions"

    def ask() -> None:
        answers.append(httpx.post(url, json={**PASSED, "stream": stream}, timeout=PATIENCE))

    thread = threading.Thread(target=ask)
    thread.start()
    wait_until(lambda: server.upstream.active == 1)
    wait_until(lambda: server.app.service.admission.cut_off() > 0)
    thread.join(PATIENCE)
    assert "server_stopping" in answers[0].text
    wait_until(lambda: server.upstream.active == 0)


def test_a_client_that_leaves_a_stream_pays_for_it(served: Callable[..., Served]) -> None:
    key = "a-key-that-is-long-enough"
    book = ClientBook({"ann": Client(key=key, budget_tokens=10**6)})
    server = served(RIGHT, hold=True, heartbeat=0.05, clients=book)
    url = f"{server.base}/chat/completions"
    headers = {"authorization": f"Bearer {key}"}
    body = {**PASSED, "stream": True}
    with httpx.stream("POST", url, json=body, headers=headers, timeout=PATIENCE) as response:
        next(response.iter_lines())
    ledger = book.ledger_of("ann")
    assert ledger
    wait_until(lambda: ledger.spent.llm_calls == 1)
    assert ledger.spent.prompt_tokens > 0


@pytest.fixture
def upstream() -> Generator[tuple[Upstream, str]]:
    behind = Upstream(lambda _: RIGHT)
    serving = Serving(behind.app())
    yield behind, serving.base
    behind.held.set()
    serving.close()


@pytest.mark.parametrize("finishes", [True, False], ids=["in time", "cut off"])
def test_ctrl_c_lets_requests_end(
    upstream: tuple[Upstream, str], tmp_path: Path, finishes: bool
) -> None:
    behind, base = upstream
    flags = ["--model", "openai/m", "--api-base", base, "--port", "0"]
    grace = ["--grace", str(PATIENCE if finishes else 0)]
    process = subprocess.Popen(
        [*COMMAND, "serve", *flags, *grace],
        stderr=subprocess.PIPE,
        text=True,
        env=environment(REFINEGRAPH_HOME=str(tmp_path)),
    )
    assert process.stderr
    address = process.stderr.readline().split(" at ")[1].split()[0]
    wait_until(lambda: _is_up(address))
    got: list[str] = []
    body = {**TASK, "stream": True}

    def read() -> None:
        url = f"{address}/chat/completions"
        with httpx.stream("POST", url, json=body, timeout=PATIENCE) as response:
            got.extend(response.iter_lines())

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: behind.active == 1)
    process.send_signal(signal.SIGINT)
    if finishes:
        said = process.stderr.readline()
        while "stopping" not in said:
            said = process.stderr.readline()
        behind.held.set()
    _, rest = process.communicate(timeout=PATIENCE)
    reader.join(PATIENCE)
    assert process.returncode == 130
    assert ("1 of them cut off" in rest) is not finishes
    last = [json.loads(line[6:]) for line in got if line.startswith("data: {")][-1]
    assert last["refinegraph"]["solved"] if finishes else last["error"]["code"] == "server_stopping"
    assert got[-2:] == ["data: [DONE]", ""]


def _is_up(address: str) -> bool:
    try:
        return httpx.get(address.removesuffix("/v1") + "/health").status_code == 200
    except httpx.HTTPError:
        return False
