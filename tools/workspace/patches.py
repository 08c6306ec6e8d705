"""Create a patch for `git apply` with git, from both versions of every changed file."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from refinegraph.errors import InputError
from refinegraph.tools.workspace.changes import Changes, Difference, Entry, ReadBytes
from refinegraph.tools.workspace.git import GitFailed, git

_DIFF = (
    *("diff", "--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff"),
    *("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "before", "after"),
)
_IDENTITY = b"committer user <user@localhost> 0 +0000\n"


class _Version(list[tuple[str, Entry, bytes]]):
    """The files of one version: path, mode and content."""


async def make_patch(changes: Changes, read: ReadBytes) -> str:
    """Return the patch, with files that are not UTF-8 text as binary ones."""
    if not changes.differences:
        return ""
    before, after = _Version(), _Version()
    for difference in changes.differences:
        await _add(difference, changes.layout.root, read, before, after)
    try:
        with tempfile.TemporaryDirectory(prefix="refinegraph-") as folder:
            return await _diff(Path(folder), before, after)
    except GitFailed as error:
        raise InputError(f"the patch cannot be created: {error}.") from None


async def _add(
    difference: Difference, root: Path, read: ReadBytes, before: _Version, after: _Version
) -> None:
    path = difference.path
    if difference.before:
        before.append((path, difference.before, _content_of(root / path, difference.before)))
    if difference.after:
        target = os.fsencode(difference.after.target)
        after.append((path, difference.after, target or await read(path)))


def _content_of(path: Path, entry: Entry) -> bytes:
    return os.fsencode(entry.target) if entry.target else path.read_bytes()


async def _diff(folder: Path, before: _Version, after: _Version) -> str:
    await git(["init", "--quiet", "--bare", "."], folder=folder)
    stream = b"".join([*_commit("before", before), *_commit("after", after)])
    await git(["fast-import", "--quiet"], folder=folder, stdin=stream)
    odd = sorted({path for path, _, content in (*before, *after) if not _is_text(content)})
    rest = [f":(exclude,literal){path}" for path in odd]
    text = await git([*_DIFF, "--", ":/", *rest] if odd else _DIFF, folder=folder)
    if odd:
        text += await _binary(folder, odd)
    return text.decode("utf-8", "surrogateescape")


async def _binary(folder: Path, paths: Sequence[str]) -> bytes:
    """Return the part of the patch for binary files."""
    attributes = folder / "binary"
    attributes.write_text("* -diff\n", encoding="ascii")
    setting = f"core.attributesFile={attributes}"
    literal = [f":(literal){path}" for path in paths]
    return await git(["-c", setting, *_DIFF, "--", *literal], folder=folder)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _commit(name: str, version: _Version) -> Iterator[bytes]:
    """Yield a commit without parents in the format of `git fast-import`."""
    yield f"commit refs/heads/{name}\n".encode() + _IDENTITY + b"data 0\n"
    for path, entry, content in version:
        yield f"M {entry.mode} inline ".encode() + _quoted(path) + b"\n"
        yield f"data {len(content)}\n".encode() + content + b"\n"


def _quoted(path: str) -> bytes:
    body = os.fsencode(path)
    for character, escape in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\n", b"\\n")):
        body = body.replace(character, escape)
    return b'"' + body + b'"'
