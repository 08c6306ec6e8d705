"""The files that a tree shows, cached until the top level of the checkout changes."""

import os
from pathlib import Path
from typing import NamedTuple

from refinegraph.errors import InputError
from refinegraph.tools.workspace.git import git_folders, ignored_among, toplevel
from refinegraph.tools.workspace.policy import TreePolicy
from refinegraph.tools.workspace.toolchains import visible_paths

_ENVIRONMENTS = frozenset(
    ("node_modules", "venv", ".venv", "env", ".env", "virtualenv", ".tox", ".nox", "vendor")
)
_REPOSITORIES = (".git", ".hg", ".svn")
_SECRETS = (".env", ".netrc", ".npmrc", ".pypirc", "secrets", "credentials")


class Layout(NamedTuple):
    """The location of a checkout, and the files that a tree shows."""

    root: Path
    """The root of the checkout that the tree is a view of."""
    folder: str
    """The requested directory relative to the root; empty for the root itself."""
    owner: int
    home: str
    """The private home directory, as commands see it."""
    frozen: tuple[str, ...]
    """Read-only directories: the repository itself and ignored environments."""
    hidden: tuple[str, ...]
    """Ignored files that may contain secrets; they appear empty."""
    readable: tuple[str, ...]


_cache: dict[tuple[object, ...], Layout] = {}


def layout_of(path: str | os.PathLike[str], policy: TreePolicy) -> Layout:
    """Return the layout of a tree for a directory; raises `InputError` if it is not one."""
    folder = Path(path).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"{path} is not a directory; pass the directory of a checkout.")
    root = toplevel(folder) or folder
    if root == Path("/"):
        raise InputError("/ cannot be opened as a tree; pass the directory of a checkout.")
    key = (*_state(root), folder, policy.readable, os.environ.get("PATH"), Path.home())
    if key not in _cache:
        _cache.clear()
        _cache[key] = _layout(root, folder, policy)
    return _cache[key]


def _state(root: Path) -> tuple[object, ...]:
    times: list[object] = [root]
    for path in (root, root / ".gitignore", root / ".git" / "info" / "exclude"):
        try:
            times.append(path.stat().st_mtime_ns)
        except OSError:
            times.append(None)
    return tuple(times)


def _layout(root: Path, folder: Path, policy: TreePolicy) -> Layout:
    names = sorted(entry.name for entry in os.scandir(root))
    ignored = ignored_among(root, names)
    frozen = [name for name in names if _is_frozen(root, name, ignored)]
    hidden = [name for name in names if name in ignored and _is_secret(root / name)]
    commands = [root / name / "bin" for name in frozen if (root / name / "bin").is_dir()]
    more = [*policy.readable, *map(str, git_folders(root)), *_linked_environments(root, frozen)]
    home = Path.home()
    private = str(home) if root != home and root not in home.parents else "/tmp/home"
    return Layout(
        root=root,
        folder="" if folder == root else str(folder.relative_to(root)),
        owner=root.stat().st_uid,
        home=private,
        frozen=tuple(name for name in frozen if not (root / name).is_symlink()),
        hidden=tuple(hidden),
        readable=tuple(visible_paths(root, commands, more)),
    )


def _is_frozen(root: Path, name: str, ignored: frozenset[str]) -> bool:
    if name in _REPOSITORIES:
        return True
    if not (root / name).is_dir():
        return False
    if (root / name / "pyvenv.cfg").exists():
        return True
    return name in _ENVIRONMENTS and (name in ignored or name == "node_modules")


def _linked_environments(root: Path, frozen: list[str]) -> list[str]:
    """Return the targets of the environments that the checkout only links to."""
    return [str((root / name).resolve()) for name in frozen if (root / name).is_symlink()]


def _is_secret(path: Path) -> bool:
    name = path.name.lower()
    return path.is_file() and (
        name.startswith(_SECRETS) or name.endswith((".pem", ".key", ".p12", ".pfx"))
    )
