"""Test published clients of OpenAI's protocol against the server.

    python benchmarks/clients.py --folder /tmp/clients --install
    python benchmarks/clients.py --folder /tmp/clients --only aider

`--install` first installs every client into the folder, each in a separate environment; without it,
missing clients are skipped. A client passes if the answer that it shows (for aider: the file that
it writes) is the program that the tests prove, and if it reports the tokens of the calls that the
upstream server received.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chat_server import ChatServer, chat_server
from serving import PROMPT, WRITTEN, served

PROGRAM = "def add(a, b):\n    return a + b"
ANSWER = f"Here it is:\n\n```python\n{PROGRAM}\n```\n"
MODEL = "adaptive/openai/m"
EXAMPLE = "Write add(a, b).\n\n>>> add(1, 2)\n3\n"
"""A request without the field `refinegraph`; the answer is checked by the example in the
statement."""

JAVASCRIPT = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.env.BASE, apiKey: "none", maxRetries: 0 });
const names = [];
for await (const model of await client.models.list()) names.push(model.id);
const asked = {
  model: process.env.MODEL,
  messages: [{ role: "user", content: "Write add(a, b)." }],
  refinegraph: { tests: "assert add(1, 2) == 3" },
};
const whole = await client.chat.completions.create(asked);
let text = "", thought = "", usage = null, verdict = null;
const options = { ...asked, stream: true, stream_options: { include_usage: true } };
for await (const chunk of await client.chat.completions.create(options)) {
  text += chunk.choices[0]?.delta?.content ?? "";
  thought += chunk.choices[0]?.delta?.reasoning_content ?? "";
  usage = chunk.usage ?? usage;
  verdict = chunk.refinegraph?.verdict ?? verdict;
}
let refused = null;
try { await client.chat.completions.create({ ...asked, model: "adaptive/none" }); }
catch (error) { refused = [error.constructor.name, error.code]; }
const response = await client.responses.create({
  model: asked.model, input: "Write add(a, b).", refinegraph: asked.refinegraph,
});
console.log(JSON.stringify({
  listed: names.includes(asked.model),
  answers: [whole.choices[0].message.content, text, response.output_text],
  tokens: [whole.usage.total_tokens, usage.total_tokens, response.usage.total_tokens],
  verdicts: [whole.refinegraph.verdict, verdict],
  thought: thought.length > 0,
  refused,
}));
"""
OPENAI = """
import json, os, openai
client = openai.OpenAI(base_url=os.environ["BASE"], api_key="none", max_retries=0)
asked = {"model": os.environ["MODEL"],
         "messages": [{"role": "user", "content": "Write add(a, b)."}],
         "extra_body": {"refinegraph": {"tests": "assert add(1, 2) == 3"}}}
whole = client.chat.completions.create(**asked)
text, tokens = "", None
for chunk in client.chat.completions.create(
    stream=True, stream_options={"include_usage": True}, **asked
):
    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    tokens = chunk.usage.total_tokens if chunk.usage else tokens
print(json.dumps({
    "listed": os.environ["MODEL"] in [model.id for model in client.models.list()],
    "answers": [whole.choices[0].message.content, text],
    "tokens": [whole.usage.total_tokens, tokens],
    "verdicts": [whole.refinegraph["verdict"]],
}))
"""
LANGCHAIN = """
import json, os
from langchain_openai import ChatOpenAI
chat = ChatOpenAI(base_url=os.environ["BASE"], api_key="none", model=os.environ["MODEL"],
                  stream_usage=True,
                  extra_body={"refinegraph": {"tests": "assert add(1, 2) == 3"}})
whole = chat.invoke("Write add(a, b).")
chunks = list(chat.stream("Write add(a, b)."))
counted = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
print(json.dumps({
    "answers": [whole.content, "".join(chunk.content for chunk in chunks)],
    "tokens": [whole.usage_metadata["total_tokens"], counted[-1]["total_tokens"]],
}))
"""
LITELLM = """
import json, os, litellm
asked = {"model": "openai/" + os.environ["MODEL"], "api_base": os.environ["BASE"],
         "api_key": "none", "messages": [{"role": "user", "content": "Write add(a, b)."}],
         "extra_body": {"refinegraph": {"tests": "assert add(1, 2) == 3"}}}
whole = litellm.completion(**asked)
chunks = list(litellm.completion(stream=True, stream_options={"include_usage": True}, **asked))
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
counted = [chunk.usage for chunk in chunks if getattr(chunk, "usage", None)]
print(json.dumps({
    "answers": [whole.choices[0].message.content, text],
    "tokens": [whole.usage.total_tokens, counted[-1].total_tokens],
}))
"""


class Place(NamedTuple):
    """The folder in which a client is installed, and the server to which it connects."""

    folder: Path
    work: Path
    base: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of the client's process."""
        keys = {"OPENAI_API_KEY": "none", "OPENAI_API_BASE": self.base, "BASE": self.base}
        return {**os.environ, **keys, "MODEL": MODEL, "LLM_USER_PATH": str(self.work)}

    def run(self, *words: str) -> str:
        """Run a program of the client's environment; return its output."""
        done = subprocess.run(
            words,
            cwd=self.work,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            raise Failed((done.stderr or done.stdout).strip()[-600:])
        return done.stdout

    def python(self, source: str) -> "Shown":
        """Run a Python program that prints the answer that it received."""
        return Shown(**json.loads(self.run(str(self.folder / "bin/python"), "-c", source)))


class Failed(Exception):
    """A client ended with an error, or showed a wrong answer."""


class Shown(NamedTuple):
    """The part of the server's answers that a client shows."""

    answers: Sequence[str]
    tokens: Sequence[int] = ()
    """The tokens of every answer, if the client reports them."""
    verdicts: Sequence[str] = ()
    listed: bool = True
    thought: bool = True
    refused: list[str] | None = None


class Client(NamedTuple):
    """A client: how it is installed, and how it sends a request."""

    packages: tuple[str, ...]
    ask: Callable[[Place], Shown]
    installer: str = "pip"


def in_javascript(setup: Place) -> Shown:
    """Send a request through the npm package."""
    (setup.folder / "ask.mjs").write_text(JAVASCRIPT)
    shown = Shown(**json.loads(setup.run("node", str(setup.folder / "ask.mjs"))))
    if shown.refused != ["NotFoundError", "model_not_found"]:
        raise Failed(f"an unknown model was {shown.refused}")
    return shown


def by_llm(setup: Place) -> Shown:
    """Send a request through the command `llm`, which reads the server's address from a file."""
    model = {"model_id": "proved", "model_name": MODEL, "api_base": setup.base, "api_key_name": "x"}
    (setup.work / "extra-openai-models.yaml").write_text(json.dumps([model]))
    (setup.work / "keys.json").write_text(json.dumps({"x": "none"}))
    llm = str(setup.folder / "bin/llm")
    stream = setup.run(llm, "-m", "proved", EXAMPLE)
    whole = setup.run(llm, "-m", "proved", "--no-stream", EXAMPLE)
    logged = json.loads(setup.run(llm, "logs", "--json", "-n", "2"))
    tokens = [entry["input_tokens"] + entry["output_tokens"] for entry in logged]
    return Shown([stream.strip(), whole.strip()], tokens)


def by_aider(setup: Place) -> Shown:
    """Let aider edit a file in a repository."""
    file = setup.work / "adding.py"
    file.write_text("def add(a, b):\n    raise NotImplementedError\n")
    flags = "--no-git --yes-always --no-show-model-warnings --no-check-update --edit-format whole"
    more = "--no-analytics --no-show-release-notes --no-detect-urls --map-tokens 0"
    setup.run(
        *(str(setup.folder / "bin/aider"), *flags.split(), *more.split()),
        *("--model", f"openai/{MODEL}", "--message", EXAMPLE, "adding.py"),
    )
    return Shown([f"```python\n{file.read_text().strip()}\n```"])


def in_python(source: str) -> Callable[[Place], Shown]:
    """Return a function that sends a request through a Python program."""
    return lambda setup: setup.python(source)


CLIENTS = {
    "openai-javascript": Client(("openai",), in_javascript, "npm"),
    "openai-python": Client(("openai",), in_python(OPENAI)),
    "langchain-openai": Client(("langchain-openai",), in_python(LANGCHAIN)),
    "litellm": Client(("litellm",), in_python(LITELLM)),
    "llm": Client(("llm",), by_llm),
    "aider": Client(("aider-chat",), by_aider),
}


def install(client: Client, folder: Path) -> None:
    """Install a client into a separate folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if client.installer == "npm":
        words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder)]
    else:
        venv.create(folder, with_pip=True)
        words = [str(folder / "bin/pip"), "install", "--quiet"]
    subprocess.run([*words, *client.packages], check=True)


def is_installed(client: Client, folder: Path) -> bool:
    """Return whether a client is installed."""
    if client.installer == "npm":
        return shutil.which("node") is not None and (folder / "node_modules").is_dir()
    return (folder / "bin/python").exists()


def check(shown: Shown, calls: int) -> str:
    """Return a summary of a correct answer; raise `Failed` for a wrong one."""
    for answer in shown.answers:
        if answer.strip() != f"```python\n{PROGRAM}\n```":
            raise Failed(f"the answer was {answer!r}")
    if shown.tokens and sum(shown.tokens) != calls * (PROMPT + WRITTEN):
        raise Failed(f"{shown.tokens} tokens for {calls} upstream calls")
    if not (shown.listed and shown.thought and set(shown.verdicts) <= {"proved"}):
        raise Failed(f"it showed {shown}")
    counted = f", {sum(shown.tokens)} tokens counted" if shown.tokens else ""
    return f"{len(shown.answers)} proved answers by {calls} upstream calls{counted}"


async def ask(client: Client, setup: Place, upstream: ChatServer) -> str:
    """Run a client; return a summary of its correct answer."""
    before = upstream.calls()
    shown = await asyncio.to_thread(client.ask, setup)
    return check(shown, upstream.calls() - before)


async def main(arguments: argparse.Namespace) -> int:
    """Run every client; return the number of failures."""
    failed = 0
    async with (
        chat_server(0.0, text=ANSWER, several=False) as upstream,
        served(upstream.base, 64) as base,
    ):
        for name, client in CLIENTS.items():
            if arguments.only and arguments.only not in name:
                continue
            folder = arguments.folder / name
            if arguments.install:
                install(client, folder)
            if not is_installed(client, folder):
                print(f"skipped  {name}: not installed; use --install")
                continue
            work = folder / "work"
            work.mkdir(exist_ok=True)
            try:
                print(f"passed   {name}: {await ask(client, Place(folder, work, base), upstream)}")
            except (Failed, subprocess.TimeoutExpired) as error:
                failed += 1
                print(f"failed   {name}: {error}")
    return failed


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/clients"))
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--only", default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(main(_arguments())) else 0)
