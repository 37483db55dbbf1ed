"""The page on the architecture is true: what it names is there, and what is there is named."""

from __future__ import annotations

import re
import tomllib

from tests.support.places import ROOT

PACKAGE = ROOT / "facade" / "chainhub_video"
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def test_every_path_of_the_page_is_there() -> None:
    """No file or folder that the page names has gone or moved."""
    named = re.findall(r"`((?:facade|openapi|scripts|sandbox|tests|generated)/[\w/.]*)`", PAGE)
    assert len(named) > 25
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_module_of_the_core_is_named() -> None:
    """Who reads the page has heard of each module of the client, but for the command's own."""
    modules = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name not in ("__init__.py", "_version.py") and "cli" not in path.parts
    }
    drawn = {PACKAGE / name for name in re.findall(r"\w+\.py", PAGE)}
    unnamed = {path for path in modules if path not in PAGE and ROOT / path not in drawn}
    assert unnamed == set()


def test_the_drawn_floors_are_those_that_are_held() -> None:
    """Each module and folder on the client's floors is in the drawing."""
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (floors,) = [each["layers"] for each in tool["contracts"] if each["type"] == "layers"]
    drawing = PAGE.split("```")[3]
    for name in " | ".join(floors).split(" | "):
        if name != "_version":
            assert re.search(rf"\b{name}(/|\.py)", drawing), name


def test_every_name_in_the_page_is_defined_where_it_says() -> None:
    """A class or function that the page names after a module is defined in that module."""
    pairs = re.findall(r"`(facade/[\w/]+\.py)`, `([\w.]+)`", PAGE)
    assert len(pairs) >= 3
    for path, name in pairs:
        source = (ROOT / path).read_text()
        for part in name.split("."):
            assert re.search(rf"(class|def) {part}\b", source), f"{path}: {name}"
