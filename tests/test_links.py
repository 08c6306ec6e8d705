"""Links of documents and files named in docstrings lead somewhere; the network is not used.

Those of the built site, with its generated pages, are checked where it is built.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("refinegraph", "agents", "graphs", "tools", "examples", "benchmarks", "training")
OWN = re.compile(r"(?<![\w/.])(?:docs|examples|benchmarks|training|tests)/[\w/-]+\.(?:py|md|svg)\b")
"""Files of this repository that a text names."""
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s\"'`<>)\]}\\|]*")
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def pages() -> list[Path]:
    """Return the documents of the repository."""
    folders = ("docs", "examples", "training", "benchmarks", "skills")
    within = [path for folder in folders for path in (ROOT / folder).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *within])


def links(path: Path) -> Iterator[str]:
    """Yield the targets of the links of a document, outside of its code."""
    yield from _LINK.findall(re.sub(r"`[^`\n]*`", "code", _FENCE.sub("", path.read_text())))


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a document, as GitHub and the site derive them from its headings."""
    headings = _HEADING.findall(_FENCE.sub("", path.read_text()))
    return frozenset(_slug(heading) for heading in headings)


def _slug(heading: str) -> str:
    """Return the anchor of a heading.

    >>> _slug("In Python, with any `checkpointer`")
    'in-python-with-any-checkpointer'
    """
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if urlsplit(link).scheme:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / unquote(name)).resolve() if name else page
        assert target.exists(), f"{link} leads nowhere"
        generated = "reference" in target.parts or target.name == "gallery.md"
        if anchor and target.suffix == ".md" and not generated:
            assert anchor in anchors(target), f"{link}: no such heading"


def written() -> Iterator[Path]:
    """Yield the documents and the sources."""
    yield from pages()
    for name in SOURCES:
        yield from (ROOT / name).rglob("*.py")


def test_files_that_a_text_names_are_there() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in written()
        if path.name != "CHANGELOG.md"
        for name in OWN.findall(path.read_text())
        if not (ROOT / name).exists() and not is_invented(path, name)
    ]
    assert not missing


def is_invented(path: Path, name: str) -> bool:
    """Whether a file belongs to another project, which an example or a benchmark describes."""
    return name.startswith("tests/") or "tasks" in path.parts


def test_addresses_are_well_formed() -> None:
    """Only the form is checked: https, a host with a dot, and no punctuation at the end."""
    ill = [
        f"{path.relative_to(ROOT)}: {address}"
        for path in pages()
        for address in _ADDRESS.findall(path.read_text())
        if not is_well_formed(address.rstrip(".,;:"))
    ]
    assert not ill


def is_well_formed(address: str) -> bool:
    parts = urlsplit(address)
    if parts.hostname is None:
        return False
    if parts.netloc.startswith(_LOOPBACK) or "." not in parts.hostname:
        return True
    return parts.scheme == "https" and not parts.hostname.endswith(".")
