"""Look through the built site for links that lead nowhere: `python -m tests.docs.site site`.

The builder checks the links in pages. It does not check those that it made itself, nor those in
what a page includes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Page(HTMLParser):
    """The links of a page, and the places in it that a link can lead to."""

    links: list[str] = field(default_factory=list)
    places: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            if (tag, name) in (("a", "href"), ("img", "src")) and value:
                self.links.append(value)


def broken(site: Path) -> Iterator[str]:
    """Name each link of a site that leads to no file, or to no place in it."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        # The page for what is not found is shown under any address, so its links begin at the root.
        for link in page.links if path.name != "404.html" else ():
            target = _target(path, link)
            if target is not None and not _leads(*target, pages):
                yield f"{path.relative_to(site)}: {link}"


def _read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def _target(path: Path, link: str) -> tuple[Path, str] | None:
    """Return where a link leads; None if that is outside the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    to = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    return (to / "index.html" if to.is_dir() else to), unquote(parts.fragment)


def _leads(to: Path, place: str, pages: dict[Path, Page]) -> bool:
    if to not in pages:
        return to.is_file()
    return not place or place in pages[to].places


def main() -> None:
    """Print what is broken; the exit code says whether anything is."""
    site = Path(sys.argv[1]).resolve()
    pages = len(list(site.rglob("*.html")))
    if not pages:
        sys.exit(f"{sys.argv[1]} has no pages")
    found = list(broken(site))
    if found:
        sys.exit("\n".join(["Links that lead nowhere:", *found]))
    sys.stdout.write(f"{pages} pages in {sys.argv[1]}/, every link leads somewhere\n")


if __name__ == "__main__":
    main()
