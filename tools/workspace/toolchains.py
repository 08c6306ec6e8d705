"""The files outside a checkout that commands need: interpreters, compilers and packages."""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix/store")
_ETC = (
    *("alternatives", "ca-certificates", "ca-certificates.conf", "debian_version", "fonts"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "magic", "maven", "mime.types"),
    *("os-release", "pki", "profile", "protocols", "python3", "services", "shells", "ssl/certs"),
    *("ssl/openssl.cnf", "terminfo", "timezone", "xml"),
)
_HOME = (
    *(".pyenv", ".local/bin", ".local/lib", ".local/share/pipx", ".local/share/uv/python"),
    *(".local/share/uv/tools", ".cargo/bin", ".cargo/registry", ".cargo/git", ".rustup"),
    *(".nvm", ".fnm", ".volta", ".asdf", ".sdkman/candidates", ".m2/repository", ".gradle/caches"),
    *(".gradle/wrapper", "go/pkg/mod", "go/bin", ".npm/_cacache", ".bun/bin", ".deno/bin"),
)
"""Toolchains and packages below the home directory, without files that may contain passwords, such
as `.m2/settings.xml` or `.cargo/credentials.toml`."""
_PREFIX_FOLDERS = ("lib", "libexec", "share", "versions", "pyvenv.cfg", "conda-meta")


def visible_paths(root: Path, command_folders: Iterable[Path], more: Sequence[str]) -> list[str]:
    """Return the outermost files and directories that a tree shows besides the checkout."""
    paths: list[Path] = [Path(path) for path in _SYSTEM]
    paths += [*Path("/etc").glob("java-*"), *(Path("/etc", name) for name in _ETC)]
    paths += [Path.home() / name for name in _HOME]
    paths += [Path(sys.prefix), Path(sys.base_prefix), *map(Path, more)]
    for folder in (*_path_folders(), *command_folders):
        paths += prefixes_of(folder)
    return _outermost([path for path in paths if path.is_absolute() and _exists(path)], root)


def prefixes_of(folder: Path) -> Iterator[Path]:
    """Yield a directory of commands, its prefix, and those of the interpreters it links to."""
    yield folder
    parent = folder.parent
    if _is_prefix(parent):
        yield parent
    for name in ("python", "python3", "node"):
        target = folder / name
        if target.is_symlink():
            real = target.resolve()
            yield real.parent
            if _is_prefix(real.parent.parent):
                yield real.parent.parent


def missing_command(name: str, path: str) -> str:
    """Return why the sandbox has no such command: it does not exist, or it is not visible."""
    elsewhere = shutil.which(name, path=path)
    if elsewhere is None:
        return f"there is no command {name!r}; pass its path, or add its directory to PATH."
    return (
        f"{elsewhere} is not visible in the sandbox, or needs a file that is not; "
        f"add its directory to the policy's `readable`."
    )


def _is_prefix(folder: Path) -> bool:
    if folder in (Path("/"), Path.home(), *Path.home().parents):
        return False
    return any((folder / name).exists() for name in _PREFIX_FOLDERS)


def _path_folders() -> list[Path]:
    names = os.environ.get("PATH", "").split(os.pathsep)
    return [Path(name) for name in names if name.startswith("/")]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _outermost(paths: Iterable[Path], root: Path) -> list[str]:
    """Return the paths that lie neither in the tree nor in another path."""
    kept: list[Path] = []
    for path in sorted(set(paths), key=lambda path: len(path.parts)):
        inside = any(other == path or other in path.parents for other in (*kept, root))
        if not inside and path != Path("/"):
            kept.append(path)
    return [str(path) for path in kept]
