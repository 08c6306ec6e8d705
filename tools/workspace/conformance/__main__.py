"""Test the trees of this machine: `python -m refinegraph.tools.workspace.conformance`."""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from refinegraph.tools.sandbox import Sandbox
from refinegraph.tools.workspace.conformance import GROUPS, TOGETHER, CommandReport, try_commands
from refinegraph.tools.workspace.policy import Backend, TreePolicy
from refinegraph.tools.workspace.tree import Tree


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the attacks that succeeded; return 1 if there are any and 0 otherwise."""
    options = _parser().parse_args(arguments)
    reports = asyncio.run(_run(options))
    bad = [report for report in reports if not report.ok]
    if options.json:
        print(json.dumps([report.model_dump() for report in reports]))
    else:
        lines = [f"BAD {report.name}: {', '.join(report.harm)}" for report in bad]
        print("\n".join([*lines, f"{len(reports) - len(bad)} of {len(reports)} were contained"]))
    return 1 if bad else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m refinegraph.tools.workspace.conformance")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--backend", choices=get_args(Backend), help="backend (default: the first available)"
    )
    return parser


async def _run(options: argparse.Namespace) -> list[CommandReport]:
    def tree(path: Path, policy: TreePolicy) -> Tree:
        if options.backend:
            backends = (cast("Backend", options.backend),)
            policy = policy.model_copy(update={"backends": backends})
        return Sandbox().tree(path, policy=policy)

    reports: list[CommandReport] = []
    with tempfile.TemporaryDirectory(prefix="refinegraph-", dir="/var/tmp") as folder:
        checkout = _checkout(Path(folder))
        for name in options.groups or GROUPS:
            together = name in TOGETHER
            reports += await try_commands(tree, checkout, GROUPS[name], together=together)
    return reports


def _checkout(folder: Path) -> Path:
    """Return a small checkout for commands to attack."""
    root = folder / "project"
    (root / "src").mkdir(parents=True)
    (root / "src" / "a.py").write_text("A = 1\n", encoding="utf-8")
    (root / "data.bin").write_bytes(b"\x00\x01")
    (root / ".gitignore").write_text(".env\n", encoding="utf-8")
    (root / ".env").write_text("KEY=SECRET-of-the-host\n", encoding="utf-8")
    git = ("git", "-c", "user.name=user", "-c", "user.email=user@localhost")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Begin")):
        subprocess.run([*git, *arguments], cwd=root, check=True, stdin=subprocess.DEVNULL)
    return root


if __name__ == "__main__":
    sys.exit(main())
