"""Find links within a built site that lead nowhere, generated pages included."""

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit


class _Content(HTMLParser):
    """The links and the anchors of a page of HTML."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element refers to, and its id."""
        for name, value in attrs:
            if value and name in ("href", "src") and tag != "base":
                self.links.append(value)
            elif value and name in ("id", "name"):
                self.ids.add(value)


class Dead(NamedTuple):
    """A link that leads nowhere."""

    page: str
    link: str


def dead_links(site: Path) -> list[Dead]:
    """Return the internal links of a built site that lead to no file or to no anchor."""
    parsed = {page: _Content(page) for page in site.rglob("*.html")}
    dead: list[Dead] = []
    for page, content in parsed.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or page.name == "404.html":
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            known = parsed.get(target)
            if not target.exists() or (
                parts.fragment and known and unquote(parts.fragment) not in known.ids
            ):
                dead.append(Dead(str(page.relative_to(site)), link))
    return dead
