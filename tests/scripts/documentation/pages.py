"""The pages of the documentation, and the blocks in them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.places import ROOT

DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """A page's place in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in a language, without their fences and indentation, in order."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^\1```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def with_blocks(language: str) -> set[str]:
    """The places of all pages that have a block in a language."""
    return {name_of(page) for page in PAGES if blocks(page, language)}
