"""Try hostile commands in trees and report the results."""

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from refinegraph.schema import Frozen
from refinegraph.tools.sandbox.conformance.surroundings import SECRET, Surroundings
from refinegraph.tools.workspace.conformance.cases import GOT_THROUGH, HostileCommand
from refinegraph.tools.workspace.policy import TreePolicy
from refinegraph.tools.workspace.results import CommandResult
from refinegraph.tools.workspace.tree import Tree

POLICY = TreePolicy(
    memory_mb=256,
    disk_mb=24,
    files=4096,
    processes=32,
    drain_bytes=1 << 22,
    output_bytes=65_536,
)
"""Small limits, so that commands reach them quickly."""
_MARK = "REFINEGRAPH_TREE_MARK"
_SURVIVOR_SECONDS = 1.0
"""Seconds after which no process of a command may be left."""

MakeTree = Callable[[Path, TreePolicy], Tree]


class CommandReport(Frozen):
    """The result of one command."""

    name: str
    harm: tuple[str, ...] = ()
    """The harm that the command did or left behind; empty if it was contained."""
    ending: str = ""

    @property
    def ok(self) -> bool:
        """Whether the command did no harm and ended as expected."""
        return not self.harm


async def try_commands(
    make_tree: MakeTree, checkout: Path, cases: Sequence[HostileCommand], *, together: bool = False
) -> tuple[CommandReport, ...]:
    """Run every command in a tree of a checkout.

    Commands that make a tree unusable get a tree of their own. With `together`, a single process of
    the tree runs all commands one after another, which is faster; use it for commands that neither
    disturb each other nor reach a limit.

    A command does harm if it reports success, if it reached anything outside the tree, if a secret
    leaked, if the checkout has changed, or if any process is left a second later.
    """
    mark = secrets.token_hex(8)
    reports: list[CommandReport] = []
    before = fingerprint(checkout)
    with Surroundings() as around:
        shared = [case for case in cases if not case.alone]
        async with make_tree(checkout, POLICY) as tree:
            if together:
                reports += await _try_together(tree, shared, around, checkout, mark)
            for case in () if together else shared:
                reports.append(await _try(tree, case, around, checkout, mark))
        for case in (case for case in cases if case.alone):
            async with make_tree(checkout, POLICY) as tree:
                reports.append(await _try(tree, case, around, checkout, mark))
        await asyncio.sleep(_SURVIVOR_SECONDS)
        late = [*around.harm(), *_survivors(mark)]
    if fingerprint(checkout) != before:
        late.append("the checkout was changed")
    if late:
        reports.append(CommandReport(name="(all together)", harm=tuple(late)))
    return tuple(reports)


async def _try(
    tree: Tree, case: HostileCommand, around: Surroundings, checkout: Path, mark: str
) -> CommandReport:
    source = around.placed(case.source).replace("@checkout@", str(checkout))
    placed = case.model_copy(update={"source": source})
    result = await tree.run(placed.arguments, timeout=case.seconds, env=[(_MARK, mark)])
    harm = [*around.harm(), *_harm_in(result)]
    if case.limit != result.limit and not (case.alone and result.limit is None):
        harm.append(f"it ended with {result.ending!r}, expected {case.limit or 'no limit'}")
    return CommandReport(name=case.name, harm=tuple(harm), ending=result.ending)


async def _try_together(
    tree: Tree,
    cases: Sequence[HostileCommand],
    around: Surroundings,
    checkout: Path,
    mark: str,
) -> list[CommandReport]:
    sources = [around.placed(case.source).replace("@checkout@", str(checkout)) for case in cases]
    commands = [
        case.model_copy(update={"source": source}).arguments
        for case, source in zip(cases, sources, strict=True)
    ]
    await tree.write(_COMMANDS, json.dumps(commands))
    driver = ("python3", "-S", "-E", "-c", _DRIVER, _COMMANDS)
    result = await tree.run(driver, timeout=_ALL_SECONDS, env=[(_MARK, mark)])
    answers = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    reports: list[CommandReport] = []
    for number, case in enumerate(cases):
        answer = answers[number] if number < len(answers) else None
        output = str(answer["output"]) if answer else ""
        harm = [name for name, sign in _SIGNS.items() if sign in output]
        if answer is None:
            harm.append(f"it never ended ({result.ending})")
        reports.append(CommandReport(name=case.name, harm=tuple(harm), ending="ended"))
    late = around.harm()
    return [*reports, *([CommandReport(name="(one of them)", harm=late)] if late else [])]


_COMMANDS = "hostile-commands.json"
_ALL_SECONDS = 120.0
_SIGNS = {"the attack succeeded": f"\n{GOT_THROUGH}\n", "a secret leaked": SECRET}
_DRIVER = """
import json, subprocess, sys
for command in json.load(open(sys.argv[1])):
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=10)
        output = done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        output = "timeout"
    print(json.dumps({"output": "\\n" + output}), flush=True)
"""


def _harm_in(result: CommandResult) -> list[str]:
    harm: list[str] = []
    if GOT_THROUGH in result.stdout.splitlines():
        harm.append("the attack succeeded")
    if SECRET in result.stdout + result.stderr:
        harm.append("a secret leaked")
    return harm


def fingerprint(root: Path) -> str:
    """Return a digest of all names, contents, modes, owners and times in a directory."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        row = (str(path), status.st_mode, status.st_uid, status.st_mtime_ns, status.st_nlink)
        digest.update(repr(row).encode(errors="surrogateescape"))
        if path.is_symlink():
            digest.update(os.fsencode(path.readlink()))
        elif path.is_file():
            digest.update(path.read_bytes())
    digest.update(repr((root.stat().st_mtime_ns, root.stat().st_mode)).encode())
    return digest.hexdigest()


def _survivors(mark: str) -> list[str]:
    """Return the processes of this machine whose environment contains the mark of a command."""
    survivors: list[str] = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                body = (folder / "environ").read_bytes()
            except OSError:
                continue
            if f"{_MARK}={mark}".encode() in body:
                name = (folder / "comm").read_text(encoding="utf-8").strip()
                survivors.append(f"process {folder.name} ({name}) is still running")
    return survivors
