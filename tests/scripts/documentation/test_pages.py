"""What the pages name is there: errors, public names, commands and their options."""

from __future__ import annotations

import builtins
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

import chainhub_sandbox
import chainhub_video
import typer.main
from chainhub_video import errors
from chainhub_video.cli.app import app

from tests.support.places import ROOT

from .pages import DOCS, PAGES, blocks, name_of

ERRORS = sorted(
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.ChainHubError)
)


def test_every_error_has_a_row_that_says_what_to_do() -> None:
    """Each public class of errors, but for the root, has one row, whose last cell is not empty."""
    rows = re.findall(
        r"^\| `(\w+)` \|.*\| ([^|]+) \|$", (DOCS / "errors.md").read_text(), re.MULTILINE
    )
    assert sorted(name for name, _ in rows) == [name for name in ERRORS if name != "ChainHubError"]
    assert all(len(advice.strip()) > 10 for _, advice in rows)


def test_every_public_name_is_in_the_reference() -> None:
    """What `chainhub_video` exports has an entry on a page made from docstrings."""
    text = "\n".join(page.read_text("utf-8") for page in (DOCS / "reference").glob("*.md"))
    entries = set(re.findall(r"^::: chainhub_video\.(\w+)$", text, re.MULTILINE))
    assert entries >= {*chainhub_video.__all__} - {*ERRORS, "__version__"}
    assert "errors" in entries  # all of them


def test_every_page_is_in_the_navigation() -> None:
    """No page is built that nobody finds, and each has one place."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    assert sorted(_leaves(nav)) == sorted(
        page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")
    )


def _leaves(nav: object) -> Iterator[str]:
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, list):
        for each in nav:
            yield from _leaves(each)
    elif isinstance(nav, dict):
        yield from _leaves([*nav.values()])


def test_links_of_pages_outside_of_the_site_lead_somewhere() -> None:
    """What `scripts/docs` does for the site, for the pages that are read in the repository."""
    for page in map(
        ROOT.joinpath, ("README.md", "CHANGELOG.md", "SECURITY.md", "openapi/README.md")
    ):
        links = re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text("utf-8"))
        broken = [link for link in links if ":" not in link and not (page.parent / link).exists()]
        assert broken == [], page


def _commands() -> list[tuple[str, str]]:
    """Every command line in a block for a shell, and in one that shows a terminal, with its page."""
    return [
        (name_of(page), line.removeprefix(prompt))
        for page in PAGES
        for language, prompt in (("sh", ""), ("console", "$ "))
        for block in blocks(page, language)
        for line in block.replace("\\\n", " ").splitlines()
        if line.startswith(prompt)
    ]


def test_every_command_line_is_one_that_there_is() -> None:
    """A command of ours in a block for a shell has that subcommand and those options; scripts and modules exist."""
    seen = 0
    for page, line in _commands():
        words = shlex.split(line, comments=True)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            del words[0]
        if not words:
            continue
        seen += 1
        where = f"{page}: {line}"
        if words[0] == "chainhub-video":
            _check(words[1:], where)
        elif words[0].startswith("scripts/"):
            assert (ROOT / words[0]).is_file(), where
        elif words[1:2] == ["-m"]:
            assert importlib.util.find_spec(words[2]), where
    assert seen > 30


def _check(words: list[str], where: str) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, where
        command = command.commands[words.pop(0)]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in {*known, "--help"}, f"{where}: {word}"


def test_errors_that_the_guides_name_are_there() -> None:
    """A word in code font that looks like an error of ours is one, or one of Python's or the openai SDK's."""
    endings = "Error|Failed|Denied|Limited|Uncertain|Conflict|Timeout"
    theirs = "API(Timeout|Connection)Error|InternalServerError|(RateLimit|BadRequest|NotFound)Error"
    for page in PAGES:
        for name, _ in re.findall(rf"`([A-Z]\w+({endings}))`", page.read_text("utf-8")):
            known = any(hasattr(module, name) for module in (errors, builtins, chainhub_sandbox))
            assert known or re.fullmatch(theirs, name), f"{name_of(page)}: {name}"
