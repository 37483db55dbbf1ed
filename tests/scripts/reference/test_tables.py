"""The tables of the documentation are those of the code, and `scripts/tables` says where they are not."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from chainhub_video import MODELS
from chainhub_video.wire.answers import CODES, ENVELOPES, PLACES, STATES
from reference import __main__ as command

from tests.support.places import ROOT


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the two pages as they are."""
    (tmp_path / "docs").mkdir()
    for name in ("models.md", "formats.md"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs" / name)
    return tmp_path


def _cells(page: str) -> list[list[str]]:
    """The rows of every table of a page."""
    return [
        line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")
    ]  # fmt: skip


def test_the_pages_are_what_the_tables_say(capsys: pytest.CaptureFixture[str]) -> None:
    """The command finds nothing to write in the documentation as it is."""
    assert command.main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["docs/models.md", "docs/formats.md"])
def test_a_page_that_was_edited_is_named(
    copy: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word changed in a table ends the check with 1, the page's name and the command; a run then mends it."""
    page = copy / name
    right = page.read_text("utf-8")
    page.write_text(right.replace("`1080P`", "`1080p`").replace("`task_id`, `id`", "`id`"), "utf-8")
    changed = page.read_bytes()
    assert command.main(["--check"], copy) == 1
    told = capsys.readouterr()
    assert told.err == f"{name} is not what the code's tables say: run scripts/tables\n"
    assert page.read_bytes() == changed
    assert command.main([], copy) == 0
    assert capsys.readouterr().out == f"written: {name}\n"
    assert page.read_text("utf-8") == right
    assert command.main([], copy) == command.main(["--check"], copy) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("formats.md", "scripts/tables: answers -->", "-->", "the table 'answers' once"),
        ("models.md", "scripts/tables: models -->", "-->", "the table 'models' once"),
        ("models.md", "scripts/tables: unified veo", "scripts/tables: models", "the table 'models' once"),
        ("models.md", "openai veo_3_1", "openai veo_9", "the openai row of veo_3_1 in one table"),
        ("models.md", "unified veo", "unified ", "the unified row of grok-video-3 in one table"),
        ("models.md", None, "", "No such file"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_page_without_its_tables_is_not_touched(
    copy: Path,
    name: str,
    old: str | None,
    new: str,
    words: str,
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A table that is missing, there twice, or tells of too many or too few models ends with the lines to put there."""
    page = copy / "docs" / name
    text = page.read_text("utf-8")
    if old is None:
        page.unlink()
    else:
        assert old in text
        page.write_text(text.replace(old, new), "utf-8")
    before = {path: path.read_bytes() for path in copy.rglob("*.md")}
    assert command.main(arguments, copy) == 1
    assert words in capsys.readouterr().err
    assert {path: path.read_bytes() for path in copy.rglob("*.md")} == before


def test_every_row_of_the_models_is_on_the_page() -> None:
    """Each row has a line with its format, and every value, limit and further field of it; each source is told."""
    page = (ROOT / "docs/models.md").read_text("utf-8")
    lines = [cells for cells in _cells(page) if len(cells) == 8][2:]
    assert [(name.strip("`"), wire) for name, wire, *_ in lines] == [
        (row.name, row.format) for row in MODELS
    ]
    for row, (_name, _format, size, ratio, seconds, watermark, pictures, further) in zip(
        MODELS, lines, strict=True
    ):
        for cell, values in (
            (size, (*row.sizes, *(word for word in row.means if ":" not in word))),
            (ratio, row.aspect_ratios),
            (seconds, row.seconds),
            (further, row.further),
        ):
            said = set(re.findall("`([^`]+)`", cell.partition(";")[0]))
            assert said == set(values or ()), row
            assert (cell == "none") is (values == ())
        assert ("needed" in size) is ("size" in row.required and row.default_size is None)
        assert ("needed" in seconds) is ("seconds" in row.required and row.default_seconds is None)
        assert ("any" in watermark, watermark == "none") == (
            row.watermarks is None, row.watermarks == (),
        )  # fmt: skip
        assert (row.max_images is None) is (pictures == "any number")
        assert row.max_images is None or str(row.max_images) in pictures
        assert f"- {row.source}\n" in page


def test_every_place_word_and_code_is_in_the_guide() -> None:
    """What the reading tables know is in the guide, places in the order of trust."""
    guide = (ROOT / "docs/formats.md").read_text("utf-8")
    section = guide.partition("scripts/tables: answers -->")[2].partition("<!-- end -->")[0]
    cells = [[re.findall("`([^`]+)`", cell) for cell in row] for row in _cells(section)]
    assert sorted(row[1] for row in cells[2 : 2 + len(PLACES)]) == sorted(
        list(places) for places in PLACES.values()
    )
    told = {row[0][0]: row[1] for row in cells if len(row[0]) == 1}
    for status, words in STATES.items():
        assert words <= set(told[status.value])
        assert set(told[status.value]) - words <= {"_failed"}
    assert told.keys() >= CODES.keys()
    assert f"The envelopes: {', '.join(f'`{name}`' for name in ENVELOPES)}.\n" in section
