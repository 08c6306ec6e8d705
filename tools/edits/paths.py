"""Read file paths in an answer and resolve them to files."""

import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from refinegraph.tools.edits.types import RejectedEdit

_LABEL = re.compile(
    r"^(?:#{1,6}\s+|//\s*|--\s+|<!--\s*|\*\s+|[-\d.]+\s+)?(?:\*\*)?(?:file(?:name|\s*path)?|path)?"
    r"\s*:?\s*",
    re.IGNORECASE,
)
_PATH = re.compile(r"^(?=[^\s]*[./])[\w@./\\+~-]*[\w-](?:\.\w{1,12})?$")
_KNOWN_BARE = {"Makefile", "Dockerfile", "LICENSE", "README", "Justfile", "Rakefile", "Gemfile"}


def read_path(line: str) -> str:
    """Return the path if a line consists of nothing else; empty for any other line.

    >>> read_path("### `src/app.py`:"), read_path("# tools/x.py"), read_path("**File: a.js**")
    ('src/app.py', 'tools/x.py', 'a.js')
    >>> read_path("Here is the fix."), read_path("return x / y")
    ('', '')
    """
    bare = _LABEL.sub("", line.strip(), count=1)
    bare = bare.removesuffix("-->").strip().rstrip(":").strip("*`'\"").rstrip(":").strip("`")
    if bare in _KNOWN_BARE:
        return bare
    if not _PATH.match(bare) or bare.strip("./") == "" or bare.endswith("."):
        return ""
    name = bare.replace("\\", "/").rsplit("/", 1)[-1]
    return bare if "." in name.strip(".") or "/" in bare else ""


def path_in_info(info: str) -> str:
    """Return the path on the opening line of a fence, as in ```` ```python src/app.py ````."""
    words = re.split(r"[\s:=]+", info.replace('"', " ").replace("'", " "))
    return next((path for word in words if (path := read_path(word))), "")


def resolve_path(path: str, names: Sequence[str], *, new: bool = False) -> str | RejectedEdit:
    """Return the file that a path refers to, or a new one if `new` allows it, or a refusal.

    A path may have the prefix `a/` or `b/`, or be absolute or partial if only one file matches.
    """
    plain = path.strip().strip("`'\"").replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    for cut in range(len(parts)):
        tail = "/".join(parts[cut:])
        matches = [name for name in names if name == tail or name.endswith(f"/{tail}")]
        if len(matches) == 1 or tail in matches:
            return tail if tail in matches else matches[0]
        if matches:
            listed = ", ".join(matches[:5])
            return RejectedEdit(kind="unknown_path", reason=f"{path!r} could be any of {listed}.")
        if cut == 0 and new and _is_safe(plain):
            return "/".join(_without_prefix(parts))
    if not _is_safe(plain):
        reason = f"{path!r} lies outside the project; write a relative path without '..'."
        return RejectedEdit(kind="bad_path", reason=reason)
    return RejectedEdit(
        kind="unknown_path", reason=f"There is no file {path!r}.{_nearest(plain, names)}"
    )


def _without_prefix(parts: list[str]) -> list[str]:
    return parts[1:] if parts[0] in ("a", "b") and len(parts) > 1 else parts


def _is_safe(path: str) -> bool:
    outside = path.startswith(("/", "~")) or re.match(r"^[A-Za-z]:", path) is not None
    return bool(path) and not outside and ".." not in path.split("/") and "\x00" not in path


def _nearest(path: str, names: Collection[str]) -> str:
    close = get_close_matches(path, list(names), n=3, cutoff=0.4)
    return f" Did you mean {' or '.join(close)}?" if close else ""
