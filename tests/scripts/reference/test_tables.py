"""The tables of the documentation are those of the code, and `scripts/tables` says where they are not."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from chainhub_video import MODELS
from chainhub_video.wire.answers import CODES, ENVELOPES, PLACES, STATES
from reference import __main__ as command
from reference.markdown import PageError
from reference.models_page import models_page

from tests.support.places import ROOT

COMMAND = ROOT / "scripts" / "tables"


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


def test_the_pages_are_what_the_tables_say() -> None:
    """The command itself, run as continuous integration would, finds nothing to write."""
    done = subprocess.run([COMMAND, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


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


def test_a_page_that_is_not_there_is_named(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing page about models fails the check by its name, and is written by a run."""
    (copy / "docs/models.md").unlink()
    assert command.main(["--check"], copy) == 1
    assert "docs/models.md" in capsys.readouterr().err
    assert command.main([], copy) == 0
    assert (copy / "docs/models.md").read_text("utf-8") == models_page()


@pytest.mark.parametrize(
    "broken",
    [
        lambda page: page.replace(command.BEGIN, ""),
        lambda page: page.replace(command.END, ""),
        lambda page: f"{command.BEGIN}\n{page}",
        lambda page: f"{page}{command.END}\n",
        lambda _: "",
    ],
)
@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_a_page_without_its_markers_is_not_touched(
    copy: Path,
    broken: Callable[[str], str],
    arguments: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A marker that is missing or there twice ends with the page's name and the line to put back."""
    guide = copy / "docs/formats.md"
    guide.write_text(broken(guide.read_text("utf-8")), "utf-8")
    (copy / "docs/models.md").unlink()
    before = guide.read_bytes()
    assert command.main(arguments, copy) == 1
    told = capsys.readouterr().err
    assert str(guide) in told
    assert command.BEGIN in told
    assert guide.read_bytes() == before
    assert not (copy / "docs/models.md").exists()


def test_every_row_of_the_models_is_on_the_page() -> None:
    """Each row has a line with its format, and every value, limit and further field of it; each source is told."""
    page = models_page()
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


def test_a_row_that_no_family_takes_is_told() -> None:
    """A model that was added without a section for it is named, with the place to change."""
    new = attrs.evolve(MODELS[0], name="kling-3")
    with pytest.raises(PageError, match=r"openai row of kling-3 .* FAMILIES in .*models_page\.py"):
        models_page((*MODELS, new))


def test_every_place_word_and_code_is_in_the_guide() -> None:
    """What the reading tables know is in the guide, places in the order of trust."""
    guide = (ROOT / "docs/formats.md").read_text("utf-8")
    section = guide.partition(command.BEGIN)[2].partition(command.END)[0]
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
