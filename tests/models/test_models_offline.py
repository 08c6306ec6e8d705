"""Nothing is imported, printed or sent before it is needed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import HumanMessage
from misbehaving_server import CLIENTS, MisbehavingServer, answer

from refinegraph.agents.models import (
    ScriptedChatModel,
    allow_real_calls,
    block_real_calls,
    generate,
    resolve_model,
)
from refinegraph.errors import ModelCallBlocked

PROMPT = [HumanMessage("Hi.")]

LOOPS = """
import asyncio, gc, sys, warnings
warnings.simplefilter("error")
from langchain_core.messages import HumanMessage
from refinegraph.agents.models import generate, resolve_model
assert "litellm" not in sys.modules
model = resolve_model(
    "openai/m", api_base=sys.argv[1], api_key="sk-test-key", client=sys.argv[2]
)
for _ in range(3):
    asyncio.run(generate(model, [HumanMessage("Hi.")], n=2))
    gc.collect()
model.invoke("Hi.")
gc.collect()
assert ("litellm" in sys.modules) == (sys.argv[2] == "litellm")
"""


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "default::ResourceWarning", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=180,
        check=False,
    )


@pytest.mark.parametrize("client", CLIENTS)
def test_several_loops_leave_nothing_open_and_say_nothing(client: str, tmp_path: Path) -> None:
    (tmp_path / "loops.py").write_text(LOOPS)
    with MisbehavingServer(answer("x")) as server:
        ended = python(str(tmp_path / "loops.py"), server.api_base, client)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_resolving_needs_no_network(tmp_path: Path) -> None:
    script = tmp_path / "offline.py"
    script.write_text(
        "import json, socket\n"
        "tried = []\n"
        "def refuse(*arguments): tried.append(str(arguments)); raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from refinegraph.agents.models import resolve_model\n"
        "from refinegraph.agents.models.providers.litellm_prices import price_of\n"
        "resolve_model('ollama_chat/qwen3:8b')\n"
        "resolve_model('openai/gpt-4o', api_key='sk-x').max_choices()\n"
        "prices = [price_of(name, 1000, 1000) for name in\n"
        "          ('openai/gpt-4o', 'gpt-4o', 'ollama_chat/qwen3:8b', 'ollama/llama2')]\n"
        "print(json.dumps([tried, prices]))\n"
    )
    ended = python(str(script))
    tried, prices = json.loads(ended.stdout)
    assert tried == []
    assert prices[0] == prices[1] > 0
    assert prices[2:] == [None, 0.0]


async def test_a_real_call_is_blocked_and_a_scripted_one_is_not() -> None:
    with MisbehavingServer(answer("x")) as server, block_real_calls():
        with pytest.raises(ModelCallBlocked, match="'openai/m'"):
            await generate(server.model(), PROMPT)
        with allow_real_calls(server.api_base):
            await generate(server.model(), PROMPT)
        with allow_real_calls("http://127.0.0.1:1/"), pytest.raises(ModelCallBlocked):
            await generate(server.model(), PROMPT)
        await generate(ScriptedChatModel("x"), PROMPT)
        await generate(FakeListChatModel(responses=["x"]), PROMPT)
    assert len(server.requests) == 1


async def test_this_suite_blocks_models_that_are_not_on_the_loopback() -> None:
    model = resolve_model("openai/gpt-4o", api_key="sk-no-real-key")
    with pytest.raises(ModelCallBlocked):
        await generate(model, PROMPT)


def test_the_environment_blocks_real_calls(tmp_path: Path) -> None:
    script = tmp_path / "blocked.py"
    script.write_text(
        "from refinegraph.agents.models import LiteLLMChatModel\n"
        "try: LiteLLMChatModel(model='openai/m').invoke('Hi.')\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    ended = python(str(script), REFINEGRAPH_BLOCK_MODEL_CALLS="1")
    assert ended.stdout == "ModelCallBlocked\n"
