"""The MCP Inspector, as it is published, against `refinegraph mcp` over both transports.

    npm install --prefix /tmp/inspector @modelcontextprotocol/inspector
    python benchmarks/inspector.py --folder /tmp/inspector

Lists the tools and templates, and calls every tool that the package's own model can serve. It ends
with 1 where a result is not what it has to be.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

SERVER = [sys.executable, "-m", "refinegraph", "mcp", "--model", "embedded", "--no-keep"]
TESTS = "tests=assert add(1, 2) == 3"
RIGHT, WRONG = "def add(a, b): return a + b", "def add(a, b): return a - b"
TOOLS = ["verify", "run", "select", "solve", "fix", "review"]
SORTING = "problem=Define p(x), where x is a list of numbers. Sort x."


class Request(NamedTuple):
    """One request, and what its answer has to contain."""

    name: str
    words: Sequence[str]
    expected: Any

    @classmethod
    def of_tool(cls, name: str, expected: dict[str, Any], *arguments: str) -> "Request":
        """Return a call of a tool."""
        given = [word for argument in arguments for word in ("--tool-arg", argument)]
        return cls(name, ("--method", "tools/call", "--tool-name", name, *given), expected)


REQUESTS = (
    Request("tools/list", ("--method", "tools/list"), TOOLS),
    Request("resources/templates/list", ("--method", "resources/templates/list"), ["finished_run"]),
    Request.of_tool("verify", {"verdict": "proved"}, f"program={RIGHT}", TESTS),
    Request.of_tool("verify", {"verdict": "refuted"}, f"program={WRONG}", TESTS),
    Request.of_tool("run", {"stdout": "42\n"}, "program=print(6 * 7)"),
    Request.of_tool(
        "select", {"chosen": 1, "passed": [0, 1]}, f"candidates={json.dumps([WRONG, RIGHT])}", TESTS
    ),
    Request.of_tool("solve", {"verdict": "proved"}, SORTING, "tests=assert p([2, 1]) == [1, 2]"),
)


def asked(command: Sequence[str], request: Request) -> Any:
    """Return what the inspector prints of an answer."""
    done = subprocess.run(
        [*command, *request.words], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        return done.stderr or done.stdout
    answer = json.loads(done.stdout)
    if isinstance(request.expected, list):
        (rows,) = answer.values()
        return [row["name"] for row in rows]
    content: dict[str, Any] = answer.get("structuredContent") or answer
    return {name: content.get(name) for name in request.expected}


@contextmanager
def over_http() -> Generator[str]:
    """Run the server over HTTP; yield its address."""
    server = subprocess.Popen([*SERVER, "--http", "--port", "0"], stderr=subprocess.PIPE, text=True)
    assert server.stderr
    try:
        line = next(line for line in server.stderr if "serving MCP on " in line)
        yield line.split()[3]
    finally:
        server.terminate()
        server.wait()


def outcomes(inspector: Path) -> Iterator[bool]:
    """Make every request over both transports; yield whether each was answered as expected."""
    with over_http() as address:
        for name, words in (("stdio", SERVER), ("http", [address, "--transport", "http"])):
            for request in REQUESTS:
                shown = asked([str(inspector), "--cli", *words], request)
                is_right = shown == request.expected
                print(
                    f"{name:5}  {request.name:24}  {'passed' if is_right else f'FAILED: {shown}'}"
                )
                yield is_right


def main() -> int:
    """Return 1 where an answer was wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("/tmp/inspector"))
    inspector = parser.parse_args().folder / "node_modules/.bin/mcp-inspector"
    if not inspector.exists():
        print(f"skipped: {inspector} is not there; install it with npm")
        return 0
    return int(not all(list(outcomes(inspector))))


if __name__ == "__main__":
    sys.exit(main())
