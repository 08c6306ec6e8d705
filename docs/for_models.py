"""Write the documents for models: `llms.txt`, a list of pages, and `llms-full.txt`, all pages.

The format is that of llmstxt.org: a title, a summary as a quotation, and lists of links.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_SUMMARY = (
    "refinegraph runs a LangGraph graph of agents around any language model: it proposes, runs and "
    "repairs programs in a sandbox, and stops when another round is not worth its cost."
)
_MARK = re.compile(r"^<!--.*?-->\n?", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class Page(NamedTuple):
    """A page of the menu."""

    section: str
    """The heading above the page; empty for the pages at the top."""
    title: str
    path: str
    """The path within the directory of the documents."""

    @property
    def address(self) -> str:
        """The address of the page, relative to the site.

        >>> Page("Guides", "Fix", "guides/fix.md").address, Page("", "Start", "index.md").address
        ('guides/fix/', './')
        """
        stem = self.path.removesuffix(".md")
        return "./" if stem == "index" else f"{stem.removesuffix('/index')}/"


def pages_of(menu: list[Any], section: str = "") -> Iterator[Page]:
    """Yield the pages of a menu, in its order."""
    for entry in menu:
        for title, target in entry.items():
            if isinstance(target, str):
                yield Page(section, title, target)
            else:
                yield from pages_of(target, title)


def index(folder: Path, menu: list[Any]) -> str:
    """Return the list of pages with their first sentences."""
    sections: dict[str, list[str]] = {}
    for page in pages_of(menu):
        first = first_sentence((folder / page.path).read_text(encoding="utf-8"))
        line = f"- [{page.title}]({page.address})" + (f": {first}" if first else "")
        sections.setdefault(page.section or "Documents", []).append(line)
    listed = [f"## {section}\n\n" + "\n".join(lines) for section, lines in sections.items()]
    return "\n\n".join(["# refinegraph", f"> {_SUMMARY}", *listed]) + "\n"


def whole(folder: Path, menu: list[Any]) -> str:
    """Return the text of all pages, without placeholders."""
    texts = [_MARK.sub("", (folder / page.path).read_text("utf-8")) for page in pages_of(menu)]
    return f"> {_SUMMARY}\n\n" + "\n\n".join(text.strip() for text in texts) + "\n"


def write_for_models(folder: Path, menu: list[Any], site: Path) -> None:
    """Write both files into a built site."""
    (site / "llms.txt").write_text(index(folder, menu), encoding="utf-8")
    (site / "llms-full.txt").write_text(whole(folder, menu), encoding="utf-8")


def first_sentence(text: str) -> str:
    """Return the first sentence of a page, without links and placeholders.

    >>> first_sentence("# Title\\n\\nRun [it](a.md) with\\n`x` first. Then more.")
    'Run it with `x` first.'
    """
    for block in _MARK.sub("", _FENCE.sub("", text)).split("\n\n"):
        flat = " ".join(block.split())
        if re.match(r"[A-Z`*](?!.*:$)", flat):
            plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", flat)
            sentence = re.match(r"(.*?[.:])(?= |$)", plain)
            return (sentence[1] if sentence else plain).rstrip(":")
    return ""
