"""The pictures of the documentation, and the drawing of a terminal."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from picturing.terminal import Theme, draw

from .pages import DOCS


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_screen_is_drawn_with_its_own_fonts(theme: Theme, tmp_path: Path) -> None:
    """The picture is XML with the screen's words in their colours, and names no other host."""
    draw("\x1b[31mred\x1b[0m plain", tmp_path / "a.svg", theme)
    text = (tmp_path / "a.svg").read_text("utf-8")
    drawn = (each for each in ET.fromstring(text).iter() if each.tag.endswith("text"))
    words = ["".join(each.itertext()) for each in drawn]
    assert [word for word in words if word.strip()] == ["red", "\N{NO-BREAK SPACE}plain"]
    assert set(re.findall("https?://[^\"']+", text)) == {"http://www.w3.org/2000/svg"}
    assert len(set(re.findall(r"fill: (#\w+)", text))) == 2


def test_pictures_are_small() -> None:
    """Nobody waits for a picture: 150 kB at most."""
    sizes = {path.name: path.stat().st_size for path in (DOCS / "pictures").iterdir()}
    assert sizes
    assert [name for name, size in sizes.items() if size > 150_000] == []
