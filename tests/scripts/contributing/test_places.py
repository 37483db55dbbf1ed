"""The pages for contributors name files and folders that are there."""

from __future__ import annotations

import re

import pytest

from tests.support.places import ROOT

FOLDERS = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != ".")


@pytest.mark.parametrize("name", ["contributing.md", "first-change.md", "releasing.md"])
def test_every_path_of_the_page_is_there(name: str) -> None:
    """A file that moves fails here, with its old name."""
    page = (ROOT / "docs" / name).read_text("utf-8")
    named = re.findall(rf"`((?:{FOLDERS}|\.github)/[\w/.-]+)", page)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []
