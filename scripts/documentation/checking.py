"""Find what is wrong with a built site: links and anchors that lead nowhere, and what a page fetches from elsewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Zensical's script fetches these programs from a foreign host for a page that has an element of such a class.
FETCHERS = {"mermaid", "glightbox", "pyodide", "arithmatex"}
# `link` elements of other kinds, such as `canonical`, only name an address.
FETCHED = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "modulepreload", "manifest"}


class _Page(HTMLParser):
    """What a page links to, fetches and offers as anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.anchors: set[str] = set()
        self.classes: set[str] = set()
        self.untold_pictures: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        self.classes |= set(given.get("class", "").split())
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if tag == "link" and FETCHED & set(given.get("rel", "").split()):
            self.fetched.add(given.get("href", ""))
        if tag not in ("a", "form") and given.get("src"):
            self.fetched.add(given["src"])
        if tag == "img" and not given.get("alt"):
            self.untold_pictures.add(given.get("src", ""))


def findings(site: Path) -> Iterator[str]:
    """Tell what is wrong with a built site.

    Args:
        site: the folder that the site was built into.

    Yields:
        One line for each thing, with the page that has it.
    """
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    anchors = {path: page.anchors for path, page in pages.items()}
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        if name == "404.html":  # its addresses are those of a server's root
            continue
        for address in sorted(page.links | page.fetched):
            if wrong := _leads_nowhere(path, address, site, anchors):
                yield f"{name}: {address}: {wrong}"
        for address in sorted(filter(_foreign, page.fetched)):
            yield f"{name}: {address}: fetched from elsewhere"
        for kind in sorted(page.classes & FETCHERS):
            yield f"{name}: an element of class {kind}: a program is fetched from elsewhere for it"
        for address in sorted(page.untold_pictures):
            yield f"{name}: {address}: a picture without a text for those who cannot see it"
    for path in sorted(site.rglob("*.css")):
        for address in re.findall(
            r"""(?:url\(|@import\s*)["']?((?:https?:)?//[^"')]+)""", path.read_text("utf-8")
        ):
            yield f"{path.relative_to(site).as_posix()}: {address}: fetched from elsewhere"


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _foreign(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) and parts.scheme != "data"


def _leads_nowhere(page: Path, address: str, site: Path, anchors: dict[Path, set[str]]) -> str:
    """Return why an address within the site leads nowhere; nothing if it leads somewhere, or out of the site."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return ""
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return "no such page or file"
    anchor = unquote(parts.fragment)
    if anchor and target in anchors and anchor not in anchors[target]:
        return "no such anchor on that page"
    return ""
