"""Taking the YAML out of the Markdown."""

from pathlib import Path

import pytest
from pipeline.page import read_file, take_document
from pipeline.report import PipelineError

from .reading import refusal

DOCUMENT = "openapi: 3.0.1\npaths: {}\n"


def page(text: str) -> tuple[str, int]:
    """Take the document out of a page; return its text and first line."""
    excerpt, _ = take_document(text.encode(), "p.md")
    return excerpt.text, excerpt.first_line


FENCES = [
    ("```yaml", "```"),
    ("````yaml", "````"),
    ("```yaml", "`````  "),
    ("~~~yaml", "~~~"),
    ("  ```YML title=x", " ```"),
]  # fmt: skip


def test_any_fence_of_commonmark_is_found() -> None:
    """Fences of three and more marks, indented or not, in either spelling, give the same text."""
    for opening, closing in FENCES:
        assert page(f"# T\n\n{opening}\n{DOCUMENT}{closing}\nend\n") == (DOCUMENT, 4)


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    """A fence inside a value does not end the page's own, longer fence."""
    inner = DOCUMENT + "x: |\n  a\n```\nb\n"
    assert page(f"````yaml\n{inner}````\n") == (inner, 2)


def test_the_fence_with_the_document_is_taken_among_several() -> None:
    """Blocks in other languages, and YAML that is no OpenAPI document, are passed over."""
    text = f"```json\n{{}}\n```\n```yaml\na: 1\n```\n```yaml\n{DOCUMENT}```\n"
    assert page(text) == (DOCUMENT, 8)


def test_a_fence_of_another_language_or_none_will_do() -> None:
    """A document in a block that is not marked yaml is found, if no block marked so holds one."""
    assert page(f"```\n{DOCUMENT}```\n") == (DOCUMENT, 2)
    assert page(f"```\n{DOCUMENT}x: 1\n```\n```yaml\n{DOCUMENT}```\n") == (DOCUMENT, 7)


def test_an_open_fence_behind_the_document_is_prose() -> None:
    """What stands behind a whole document does not make the page unreadable."""
    assert page(f"```yaml\n{DOCUMENT}```\n\n```\nnever closed\n") == (DOCUMENT, 2)


def test_a_file_larger_than_any_page_is_refused_unread(tmp_path: Path) -> None:
    """Of a file of 50 MB no more than the limit is read."""
    path = tmp_path / "large.md"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with pytest.raises(PipelineError, match="larger than 4 MiB"):
        read_file(path, "large.md")


NAMES = ["missing.md", ".", "a\0b.md"]  # fmt: skip


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A missing file, a folder and an impossible name each end in one line."""
    for name in NAMES:
        refused = refusal(read_file, tmp_path / name, name)
        assert "\n" not in refused
        assert " Next: check the path" in refused


def test_a_lone_carriage_return_is_a_character() -> None:
    """Among line feeds a carriage return belongs to its value; alone in a file, it ends lines."""
    assert page(f"```yaml\n{DOCUMENT}a: b\rc\n```\n") == (f"{DOCUMENT}a: b\rc\n", 2)
    assert page(f"```yaml\n{DOCUMENT}```".replace("\n", "\r")) == (DOCUMENT, 2)


def test_an_indented_fence_loses_its_indentation() -> None:
    """The lines of an indented fence lose as many blanks as the fence has, and no more."""
    assert (
        page("  ```yaml\n  openapi: 3\n    a: 1\n b: 2\n  ```\n")[0] == "openapi: 3\n  a: 1\nb: 2\n"
    )


def test_byte_order_mark_and_carriage_returns_are_taken_out_and_told() -> None:
    """What is not text is dropped, and the report says so with the line."""
    raw = b"\xef\xbb\xbf# T\r\n```yaml\r\n" + DOCUMENT.replace("\n", "\r\n").encode() + b"```\r\n"
    excerpt, changes = take_document(raw, "p.md")
    assert (excerpt.text, excerpt.first_line) == (DOCUMENT, 3)
    assert [str(change.place) for change in changes] == ["p.md:1", "p.md:1"]
    assert "byte order mark" in changes[0].reason
    assert "5 line ends" in changes[1].reason


REFUSED = [
    (b"# only words\n", "p.md", "none at all"),
    (b"```\na: 3.0.1\n```\n", "p.md", "line 1"),
    (b"", "p.md", "empty"),
    (b" \n\n", "p.md", "empty"),
    (b"<!DOCTYPE html>\n<html></html>\n", "p.md:1", "HTML"),
    (b"\x89PNG\n\x00\x00", "p.md:2", "binary"),
    (b"```yaml\nopenapi: 1\n```\n```yaml\nopenapi: 2\n", "p.md:4", "never closed"),
    (b"# T\n```yaml\nopenapi: 3.0.1\n", "p.md:2", "never closed"),
    (b"```yaml\nopenapi: 1\n```\n\n```yaml\nopenapi: 2\n```\n", "p.md:5", "lines 1 and 5"),
    (b"# T\n\xff\xfe\n", "p.md:2", "not UTF-8"),
]  # fmt: skip


def test_a_page_without_one_document_is_refused() -> None:
    """No document, two documents, half a document and no text each end in place and reason."""
    for raw, place, reason in REFUSED:
        message = refusal(take_document, raw, "p.md")
        assert message.startswith(f"{place}: error: ")
        assert reason in message
        assert " Next: " in message
