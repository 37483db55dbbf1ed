"""Taking the YAML out of the Markdown."""

import pytest
from pipeline.page import take_document
from pipeline.report import PipelineError

DOCUMENT = "openapi: 3.0.1\npaths: {}\n"


def page(text: str) -> tuple[str, int]:
    """Take the document out of a page; return its text and first line."""
    excerpt, _ = take_document(text.encode(), "p.md")
    return excerpt.text, excerpt.first_line


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("```yaml", "```"),
        ("````yaml", "````"),
        ("```yaml", "`````  "),
        ("~~~yaml", "~~~"),
        ("  ```YML title=x", " ```"),
    ],
)
def test_any_fence_of_commonmark_is_found(opening: str, closing: str) -> None:
    """Fences of three and more marks, indented or not, in either spelling, give the same text."""
    assert page(f"# T\n\n{opening}\n{DOCUMENT}{closing}\nend\n") == (DOCUMENT, 4)


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    """A fence inside a value does not end the page's own, longer fence."""
    inner = DOCUMENT + "x: |\n  a\n```\nb\n"
    assert page(f"````yaml\n{inner}````\n") == (inner, 2)


def test_the_fence_with_the_document_is_taken_among_several() -> None:
    """Blocks in other languages, and YAML that is no OpenAPI document, are passed over."""
    text = f"```json\n{{}}\n```\n```yaml\na: 1\n```\n```yaml\n{DOCUMENT}```\n"
    assert page(text) == (DOCUMENT, 8)


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


@pytest.mark.parametrize(
    ("raw", "place", "reason"),
    [
        (b"# only words\n", "p.md", "none at all"),
        (b"```\nopenapi: 3.0.1\n```\n", "p.md", "line 1"),
        (b"# T\n```yaml\nopenapi: 3.0.1\n", "p.md:2", "never closed"),
        (b"```yaml\nopenapi: 1\n```\n\n```yaml\nopenapi: 2\n```\n", "p.md:5", "lines 1 and 5"),
        (b"# T\n\xff\xfe\n", "p.md:2", "not UTF-8"),
    ],
)
def test_a_page_without_one_document_is_refused(raw: bytes, place: str, reason: str) -> None:
    """No document, two documents, half a document and no text each end in place and reason."""
    with pytest.raises(PipelineError) as caught:
        take_document(raw, "p.md")
    message = str(caught.value)
    assert message.startswith(f"{place}: error: ")
    assert reason in message
    assert " Next: " in message
