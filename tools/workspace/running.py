"""Run a command in the process of a tree and read its output."""

import asyncio
import os
from collections.abc import Sequence
from typing import Any

from refinegraph.errors import InputError, SandboxUnavailable
from refinegraph.tools.workspace.backends import Opened
from refinegraph.tools.workspace.guest.settings import Command
from refinegraph.tools.workspace.policy import TreePolicy
from refinegraph.tools.workspace.results import CommandResult
from refinegraph.tools.workspace.streams import Stream
from refinegraph.tools.workspace.toolchains import missing_command


async def run_command(
    holder: Opened, command: Command, policy: TreePolicy, pass_fds: Sequence[int]
) -> CommandResult:
    """Run a command and return its result; raises `InputError` if it cannot be executed."""
    if not command.arguments or not command.arguments[0]:
        raise InputError("the command is empty; pass a program and its arguments.")
    streams: list[Stream] = []
    writers: list[int] = []
    try:
        for flood in (holder, holder):
            reader, writer = os.pipe()
            writers.append(writer)
            streams.append(_stream(reader, policy, flood))
        writers += map(os.dup, pass_fds)
        request = {"do": "run", **command._asdict()}
        descriptors, writers = writers, []
        answer, content = await holder.ask(request, descriptors=descriptors)
        await asyncio.gather(*(stream.wait() for stream in streams))
    finally:
        for number in writers:
            os.close(number)
        for stream in streams:
            stream.close()
    if "refused_command" in answer:
        raise _refusal(str(answer["refused_command"]), command)
    return _result(holder, command, streams, answer, content)


def _stream(number: int, policy: TreePolicy, holder: Opened) -> Stream:
    return Stream(
        number,
        keep=policy.output_bytes,
        drain=policy.drain_bytes,
        on_flood=lambda: holder.kill(flooded=True),
    )


def _refusal(reason: str, command: Command) -> Exception:
    if not reason.startswith("exec: "):
        return SandboxUnavailable(f"a command could not be isolated: {reason}.")
    path = dict(command.environment).get("PATH", "")
    detail = missing_command(command.arguments[0], path)
    return InputError(f"{command.arguments[0]} cannot be run ({reason[6:]}): {detail}")


def _result(
    holder: Opened,
    command: Command,
    streams: Sequence[Stream],
    answer: dict[str, Any],
    content: bytes,
) -> CommandResult:
    status = int(answer["status"])
    limit = answer["limit"]
    out, err = streams
    return CommandResult(
        command=command.arguments,
        exit_code=status if status >= 0 else None,
        signal=-status if status < 0 else None,
        limit=limit if limit != "killed" else None,
        stdout=out.text,
        stderr=err.text,
        stdout_cut=out.cut,
        stderr_cut=err.cut,
        seconds=answer["seconds"],
        cpu_seconds=answer["cpu_seconds"],
        peak_bytes=answer["peak_bytes"],
        collected=_collected(answer["collected"], content),
        isolation=holder.isolation,
    )


def _collected(names: Sequence[tuple[str, int]], content: bytes) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for name, length in names:
        files[name], content = content[:length], content[length:]
    return files
