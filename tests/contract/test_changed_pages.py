"""When the vendor changes a page, the message names the place: of the pipeline first, then of the contract.

The messages are in changes.txt, each in full; where they give a line of a page or of our own files, its text stands
there in place of the number, so that nothing has to be written anew when another line is added above it.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from cassettes.cassette import Cassette
from cassettes.cassette import read as read_cassette
from cassettes.document import Document
from cassettes.judge import hold_against
from pipeline.build import DOCUMENT
from pipeline.report import PipelineError

from tests.support.places import CASSETTES, ROOT

from .changes import CHANGES, Change

_PLACE = re.compile(r"(?P<file>openapi/[\w./-]+):(?P<line>\d+)")
TOLD = Path(__file__).with_name("changes.txt")


@cache
def tapes() -> list[Cassette]:
    """A whole job in each format, as it was recorded."""
    names = (f"{wire}-success.yaml" for wire in ("openai", "unified"))
    return [read_cassette((CASSETTES / name).relative_to(ROOT)) for name in names]


@cache
def expected() -> dict[str, str]:
    """The messages by the name of the change."""
    titles, *texts = re.split(r"^## (.*)\n\n", TOLD.read_text(), flags=re.MULTILINE)
    assert titles.startswith("# ")
    return dict(zip(texts[::2], (text.strip() for text in texts[1::2]), strict=True))


def messages(change: Change) -> str:
    """What somebody sees who puts the changed page in: first the pipeline's refusal, then, settled, the contract's."""
    lines, vendors = [], change.unsettled()
    try:
        document = vendors.document()
    except PipelineError as error:
        lines += [_with_lines(f"regenerate: {problem}", vendors) for problem in error.problems]
        document = change.document()
    else:
        assert not change.settled, "there was nothing to settle"
    found = hold_against(Document(document, DOCUMENT), tapes())
    told = [f"contract: {deviation}" for deviation in found.deviations]
    # What no recording holds yet is no news here.
    told += [f"contract: note: {note}" for note in found.notes if "never recorded" not in note]
    return "\n".join([*lines, *(_with_lines(line, change) for line in told)])


def _with_lines(message: str, change: Change) -> str:
    """A message with the text of the lines that it names."""

    def text(place: re.Match[str]) -> str:
        lines = change.text(place["file"]).splitlines()
        return f"{place['file']}:[{lines[int(place['line']) - 1].strip()}]"

    return _PLACE.sub(text, message)


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_pages_as_they_are_break_nothing() -> None:
    """Without a change there is no message; else those below would be told beside it."""
    assert messages(Change("none")) == ""


@pytest.mark.parametrize("name", CHANGES)
def test_the_message_names_the_place(name: str) -> None:
    """Which operation, direction and field, which promise in which line of the page, what was seen, and what to do."""
    assert messages(CHANGES[name]) == expected()[name]


def test_every_message_is_of_a_change() -> None:
    """No message outlives the change that it was told of, and each change has one."""
    assert list(expected()) == list(CHANGES)
