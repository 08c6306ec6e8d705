"""The tools as seen by the SDK's client: in process, over stdio, and over HTTP."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the extra 'mcp' is not installed")

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from serving_tools import RIGHT, TESTS, WRONG, Serving

from refinegraph.agents.models import Choice, ScriptedChatModel
from refinegraph.cli import main
from refinegraph.errors import InputError
from refinegraph.mcp import create_mcp_server
from refinegraph.options import RunOptions
from refinegraph.runs import RunStore
from refinegraph.serving.server import listen
from refinegraph.toolbox import Toolbox
from refinegraph.tools.sandbox import Sandbox

ADD = "def add(a, b):\n    return a + b"
SUBTRACT = "def add(a, b):\n    return a - b"
Connect = Callable[..., AbstractAsyncContextManager[Client]]


def toolbox(*texts: Any, **more: Any) -> Toolbox:
    model = ScriptedChatModel(texts or (RIGHT,), cycle=True, name="mine")
    return Toolbox(RunOptions(model=model), Sandbox(), **more)


@asynccontextmanager
async def in_process(tools: Toolbox, heartbeat: float = 10.0) -> AsyncGenerator[Client]:
    async with Client(create_mcp_server(tools, heartbeat=heartbeat)) as client:
        yield client


@asynccontextmanager
async def over_http(tools: Toolbox, heartbeat: float = 10.0) -> AsyncGenerator[Client]:
    app = create_mcp_server(tools, heartbeat=heartbeat).streamable_http_app()
    serving = await asyncio.to_thread(Serving, app, lifespan=True)
    try:
        async with Client(f"{serving.address}/mcp") as client:
            yield client
    finally:
        await asyncio.to_thread(serving.close)


@pytest.fixture(params=[in_process, over_http], ids=["in process", "http"])
def connect(request: pytest.FixtureRequest) -> Connect:
    chosen: Connect = request.param
    return chosen


async def call(client: Client, name: str, **arguments: Any) -> Any:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result.content
    text: Any = result.content[0]
    assert json.loads(text.text) == result.structured_content
    return result.structured_content


async def test_the_tools_are_listed_with_schemas(connect: Connect) -> None:
    async with connect(toolbox()) as client:
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == ["verify", "run", "select", "solve", "fix", "review"]
    for tool in tools:
        assert tool.description
        assert "\n " not in tool.description
        assert tool.output_schema
        assert "context" not in tool.input_schema["properties"]


async def test_verify_says_which_tests_pass(connect: Connect) -> None:
    async with connect(toolbox()) as client:
        right = await call(client, "verify", program=ADD, tests=TESTS)
        wrong = await call(client, "verify", program=SUBTRACT, tests=TESTS)
    assert (right["verdict"], right["reason"]) == ("proved", "passes 2 of 2 tests")
    assert (wrong["verdict"], wrong["reason"]) == ("refuted", "passes 1 of 2 tests")
    failed = wrong["tests"][0]
    assert (failed["passed"], failed["expected"], failed["got"]) == (False, "3", "-1")


@pytest.mark.parametrize("program", ["", "def add(a, b", "I cannot do that."])
async def test_what_is_no_program_is_refuted(program: str) -> None:
    async with in_process(toolbox()) as client:
        assert (await call(client, "verify", program=program, tests=TESTS))["verdict"] == "refuted"


async def test_run_shows_what_a_script_prints(connect: Connect) -> None:
    async with connect(toolbox()) as client:
        done = await call(client, "run", program="print(int(input()) * 2)", stdin="21")
        failed = await call(client, "run", program="print(1)\n1/0")
    assert done == {"succeeded": True, "stdout": "42\n", "stderr": "", "reason": ""}
    assert (failed["succeeded"], failed["stdout"]) == (False, "1\n")
    assert "ZeroDivisionError" in failed["stderr"] + failed["reason"]


async def test_select_takes_the_candidate_that_passes_most(connect: Connect) -> None:
    candidates = ["nothing", SUBTRACT, ADD, RIGHT]
    async with connect(toolbox()) as client:
        done = await call(client, "select", candidates=candidates, tests=TESTS)
    assert (done["chosen"], done["verdict"], done["passed"]) == (2, "proved", [0, 1, 2, 2])


async def test_solve_proves_its_answer_and_links_its_run(connect: Connect, tmp_path: Path) -> None:
    tools = toolbox(WRONG, "VERDICT: wrong", RIGHT, runs=RunStore(tmp_path / "runs"))
    async with connect(tools) as client:
        result = await client.call_tool("solve", {"problem": "Write add(a, b).", "tests": TESTS})
        link: Any = result.content[1]
        assert link.type == "resource_link"
        page: Any = (await client.read_resource(link.uri)).contents[0]
    done: Any = result.structured_content
    assert (done["verdict"], done["answer"]) == ("proved", ADD)
    assert done["run"] == str(link.uri)
    assert page.mime_type == "text/html"
    assert "Write add(a, b)." in page.text


async def test_solve_takes_a_strategy_and_limits() -> None:
    async with in_process(toolbox(WRONG)) as client:
        done = await call(
            client, "solve", problem="Write add.", tests=TESTS, strategy="best-of-n", samples=3
        )
    assert (done["verdict"], done["strategy"], done["usage"]["llm_calls"]) == (
        *("refuted", "best-of-n"),
        1,
    )


async def test_review_names_the_wrong_step() -> None:
    said = "VERDICT: wrong\nSTEP: return a - b\nWHY: add(1, 2) gave -1\nCHANGE: add"
    async with in_process(toolbox(said)) as client:
        done = await call(client, "review", problem="Add.", program=SUBTRACT, tests=TESTS)
    assert (done["approves"], done["wrong_step"]) == (False, "return a - b")


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("verify", {"program": ADD, "tests": "add("}, "The tests do not parse"),
        ("verify", {"program": ADD, "tests": " "}, "no tests were given"),
        ("verify", {"program": ADD}, "tests"),
        ("select", {"candidates": [], "tests": TESTS}, "0 candidates were given"),
        ("solve", {"problem": " "}, "is empty; say in words"),
        ("solve", {"problem": "x", "strategy": "adaptiv"}, "did you mean 'adaptive'"),
        ("solve", {"problem": "x", "kind": "poem"}, "kind"),
        ("fix", {"path": "../..", "test": "pytest"}, "is outside of"),
        ("fix", {"path": "/etc", "test": "pytest"}, "is outside of"),
    ],
)
async def test_bad_input_is_a_sentence_for_the_model(
    tmp_path: Path, name: str, arguments: dict[str, Any], said: str
) -> None:
    async with in_process(toolbox(root=tmp_path)) as client:
        result = await client.call_tool(name, arguments)
    assert result.is_error
    text: Any = result.content[0]
    assert said in text.text


async def test_without_a_root_nothing_is_repaired() -> None:
    with pytest.raises(InputError, match="repairs no checkouts"):
        await toolbox().fix(".", "pytest", lambda event: None)


async def test_fix_returns_a_patch_and_applies_nothing(tmp_path: Path) -> None:
    checkout = tmp_path / "project"
    checkout.mkdir()
    broken = "def add(a, b):\n    return a - b\n"
    (checkout / "adding.py").write_text(broken)
    test = "from adding import add\n\ndef test_add():\n    assert add(1, 2) == 3\n"
    (checkout / "test_adding.py").write_text(test)
    tools = Toolbox(RunOptions(model="mutations"), Sandbox(), root=tmp_path)
    command = f"{sys.executable} -m pytest -q -p no:cacheprovider"
    async with in_process(tools) as client:
        done = await call(client, "fix", path="project", test=command)
    assert done["verdict"] == "proved"
    assert "+    return a + b" in done["answer"]
    assert (checkout / "adding.py").read_text() == broken


class Impatient:
    """A client that gives up a call after a time without progress, as hosts do."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.messages: list[str] = []
        self._timeout: asyncio.Timeout | None = None

    async def handle(self, progress: float, total: float | None, message: str | None) -> None:
        self.messages.append(message or "")
        if self._timeout:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self.seconds)

    async def call(self, client: Client, name: str, arguments: dict[str, Any]) -> Any:
        async with asyncio.timeout(self.seconds) as self._timeout:
            return await client.call_tool(name, arguments, progress_callback=self.handle)


async def test_a_long_call_survives_an_impatient_client(connect: Connect) -> None:
    host = Impatient(2.0)

    async def slow(*_: object) -> Choice:
        # Answer only when the host has heard three times that nothing has happened yet.
        while sum("at work" in message for message in host.messages) < 3:
            await asyncio.sleep(0.01)
        return Choice(text=RIGHT)

    model = ScriptedChatModel(slow, name="slow")
    tools = Toolbox(RunOptions(model=model), Sandbox())
    asked = {"problem": "Write add(a, b).", "tests": TESTS}
    async with connect(tools, heartbeat=0.05) as client:
        result = await host.call(client, "solve", asked)
    assert result.structured_content["verdict"] == "proved"
    assert any(message.startswith("stop") for message in host.messages)


def test_bad_flags_of_the_command_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        assert main(["mcp", "--http", "--port", port, "--model", "mutations"]) == 2
    assert capsys.readouterr().err.endswith(
        f"port {port}: Address already in use; choose another with --port or --host.\n"
    )
    assert main(["mcp", "--root", "/nowhere", "--model", "mutations"]) == 2
    assert "'/nowhere' is not a folder" in capsys.readouterr().err


async def test_the_command_serves_stdio(tmp_path: Path) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "refinegraph", "mcp", "--model", "mutations", "--root", str(tmp_path)],
        env={**os.environ, "REFINEGRAPH_HOME": str(tmp_path)},
    )
    async with Client(server) as client:
        assert (await call(client, "verify", program=ADD, tests=TESTS))["verdict"] == "proved"
