"""When the vendor changes a page, the message names the place: of the pipeline first, then of the contract.

The changes are in changes.yaml. The messages are in changes.txt, each in full; where they give a line of a page or of
our own files, its text stands there in place of the number, so that nothing has to be written anew when another line
is added above it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from cassettes.cassette import Cassette, read
from cassettes.document import Document
from cassettes.judge import hold_against
from pipeline.build import Inputs, assemble
from pipeline.publish import DOCUMENT, OVERLAY, SOURCES
from pipeline.report import PipelineError
from pipeline.tree import YamlMapping

from tests.support.places import CASSETTES, ROOT

from .documented import inputs

HERE = Path(__file__).parent
CHANGES = yaml.safe_load((HERE / "changes.yaml").read_text())
_PLACE = re.compile(r"(?P<file>openapi/[\w./-]+):(?P<line>\d+)")


class Change:
    """A change of a page.

    Args:
        change: its page; edits of it, settled ones of the overlay where the change does not fit its corrections, and
            some everywhere.
    """

    def __init__(self, change: Mapping[str, Any]) -> None:
        self.edits = {f"{SOURCES}/{change['page']}": change.get("edits", [])}
        self.settled = change.get("settled", [])
        self.everywhere = change.get("everywhere", [])

    def settle(self) -> None:
        """Have the overlay changed as well, as a maintainer does who has looked at the vendor's change."""
        self.edits[OVERLAY] = self.settled

    def document(self) -> YamlMapping:
        """Run the pipeline on the changed pages, up to the document.

        Raises:
            PipelineError: the corrections do not fit the page any more, or it contradicts itself.
        """
        pages = {name: self.text(name).encode() for name in inputs().pages}
        others = {name: self.text(name).encode() for name in inputs().others}
        return assemble(Inputs(pages, others=others)).document

    def text(self, name: str) -> str:
        """What stands in a page or another input after the change."""
        text = {**inputs().pages, **inputs().others}[name].decode()
        for edit in self.edits.get(name, []):
            assert edit["from"] in text, f"{edit['from']!r} is not in {name} to be changed"
            text = text.replace(edit["from"], edit["to"])
        for edit in self.everywhere:
            text = text.replace(edit["from"], edit["to"])
        return text

    def with_lines(self, message: object) -> str:
        """A message with the text of the lines that it names."""

        def text(place: re.Match[str]) -> str:
            line = self.text(place["file"]).splitlines()[int(place["line"]) - 1]
            return f"{place['file']}:[{line.strip()}]"

        return _PLACE.sub(text, str(message))


@cache
def tapes() -> list[Cassette]:
    """A whole job in each format, as it was recorded."""
    names = (f"{wire}-success.yaml" for wire in ("openai", "unified"))
    return [read((CASSETTES / name).relative_to(ROOT)) for name in names]


def messages(change: Change) -> str:
    """What somebody sees who puts the changed page in: first the pipeline's refusal, then, settled, the contract's."""
    lines: list[str] = []
    try:
        document = change.document()
    except PipelineError as error:
        lines += [change.with_lines(f"regenerate: {problem}") for problem in error.problems]
        change.settle()
        document = change.document()
    else:
        assert not change.settled, "there was nothing to settle"
    found = hold_against(Document(document, DOCUMENT), tapes())
    lines += [change.with_lines(f"contract: {deviation}") for deviation in found.deviations]
    # What no recording holds yet is no news here.
    news = [note for note in found.notes if "never recorded" not in note]
    return "\n".join([*lines, *(change.with_lines(f"contract: note: {note}") for note in news)])


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_pages_as_they_are_break_nothing() -> None:
    """Without a change there is no message; else those below would be told beside it."""
    assert messages(Change({"page": "none"})) == ""


@pytest.mark.parametrize("name", CHANGES)
def test_the_message_names_the_place(name: str) -> None:
    """Which operation, direction and field, which promise in which line of the page, what was seen, and what to do."""
    _, *told = re.split(r"^## (.*)\n\n", (HERE / "changes.txt").read_text(), flags=re.MULTILINE)
    expected = dict(zip(told[::2], (text.strip() for text in told[1::2]), strict=True))
    assert messages(Change(CHANGES[name])) == expected[name]
    assert list(expected) == list(CHANGES)
