"""Step 1: take the OpenAPI document out of a vendor's Markdown page."""

import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.report import Change, Place, stop

STEP = "page"
_FENCE = re.compile(r"^(?P<indent> {0,3})(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>.*?)[ \t]*$")
_DOCUMENT = re.compile(r"""^(['"]?)(openapi|swagger)\1[ \t]*:""", re.MULTILINE)
_LANGUAGES = {"yaml", "yml"}
_HTML = re.compile(rb"\s*<(!doctype|html|head|body)\b", re.IGNORECASE)
# The vendor's longest page has some 100 kB.
LARGEST = 4 * 1024 * 1024
_REFETCH = "fetch the page again from the vendor, whole, and put it in place of this one"


@dataclass(frozen=True)
class Excerpt:
    """A stretch of a file.

    Args:
        file: The file it is from.
        text: The text, its lines ending in a line feed.
        first_line: The line of the file that holds the first line of the text, counted from 1.
    """

    file: str
    text: str
    first_line: int = 1


def read_file(path: Path, shown: str) -> bytes:
    """Read a file, unless it is larger than any page.

    Args:
        path: The file.
        shown: Its name, for the report.

    Returns:
        Its bytes.

    Raises:
        PipelineError: It is missing, no plain file, larger than `LARGEST`, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            # Not the size the system tells, which a growing file or a device has none of.
            raw = file.read(LARGEST + 1)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise stop(Place(shown), reason, "check the path and its permissions") from error
    except ValueError as error:
        raise stop(Place(repr(shown)), f"no file name: {error}", "check the path") from error
    if len(raw) > LARGEST:
        told = f"the file is larger than {LARGEST // 1024**2} MiB, which no page is"
        raise stop(Place(shown), told, _REFETCH)
    return raw


def decode(raw: bytes, file: str) -> tuple[str, list[Change]]:
    """Read bytes as UTF-8 text with plain line ends.

    Args:
        raw: The bytes of the file.
        file: Its name, for the report.

    Returns:
        The text without byte order mark, its lines ending in a line feed; and what was changed.

    Raises:
        PipelineError: The bytes are not UTF-8.
    """
    changes: list[Change] = []
    if not raw.strip():
        raise stop(Place(file), "the file is empty", _REFETCH)
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
        raise stop(Place(file, line), "a binary file: it holds a zero byte", _REFETCH)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        bad = f"byte 0x{raw[error.start]:02x} is not UTF-8 text"
        raise stop(Place(file, line), bad, "save the file as UTF-8") from error
    if text.startswith("\ufeff"):
        text = text.removeprefix("\ufeff")
        told = "the byte order mark is not part of the text"
        changes.append(Change(Place(file, 1), STEP, told, "\ufeff"))
    # A carriage return among line feeds is a character; alone in a file, it ends the lines.
    end = "\r\n" if "\n" in text else "\r"
    plain = text.replace(end, "\n")
    if plain != text:
        line = text[: text.index(end)].count("\n") + 1
        told = f"{text.count(end)} line ends with a carriage return read as plain"
        changes.append(Change(Place(file, line), STEP, told, end, "\n"))
    return plain, changes


def take_document(raw: bytes, file: str) -> tuple[Excerpt, list[Change]]:
    """Find the one fenced block of a page that holds an OpenAPI document.

    Args:
        raw: The bytes of the page.
        file: Its name, for the report.

    Returns:
        The document's text with its place in the page; and what was changed on the way.

    Raises:
        PipelineError: The page has no such block, has several, or ends inside one.
    """
    text, changes = decode(raw, file)
    fences = _fences(text, file)
    documents = [(mark, fence) for mark, fence in fences if _DOCUMENT.search(fence.text)]
    # What is marked yaml goes before a block of another mark or none.
    found = [fence for mark, fence in documents if mark in _LANGUAGES]
    found = found or [fence for _, fence in documents]
    if not found:
        if _HTML.match(raw):
            raise stop(Place(file, 1), "the file is HTML, not Markdown", _REFETCH)
        seen = ", ".join(f"line {fence.first_line - 1}" for _, fence in fences[:9]) or "none at all"
        told = f"no fenced block holds an OpenAPI document (fenced blocks: {seen})"
        raise stop(Place(file), told, _REFETCH)
    if len(found) > 1:
        lines = " and ".join(str(fence.first_line - 1) for fence in found)
        told = f"{len(found)} fenced blocks hold an OpenAPI document (lines {lines})"
        place = Place(file, found[1].first_line - 1)
        raise stop(place, told, "split the page so that each file holds one document")
    return found[0], changes


def _fences(text: str, file: str) -> list[tuple[str, Excerpt]]:
    """List the fenced code blocks of Markdown text and their marks, by the rules of CommonMark."""
    fences: list[tuple[str, Excerpt]] = []
    opening: re.Match[str] | None = None
    content: list[str] = []
    opened_at = 0
    for number, line in enumerate(text.split("\n"), start=1):
        mark = _FENCE.match(line)
        if opening is None:
            # An info string with a backtick in it makes the line inline code, not a fence.
            if mark and not (mark["marks"][0] == "`" and "`" in mark["info"]):
                opening, content, opened_at = mark, [], number
        elif mark and _closes(mark, opening):
            language = opening["info"].lower().partition(" ")[0]
            block = "".join(line + "\n" for line in content)
            fences.append((language, Excerpt(file, block, opened_at + 1)))
            opening = None
        else:
            # As many blanks are taken from each line as the fence itself is indented by.
            blanks = len(line) - len(line.lstrip(" "))
            content.append(line[min(blanks, len(opening["indent"])) :])
    if opening is not None:
        # Behind a whole document it is prose; else it may be a page that was cut off.
        known = any(_DOCUMENT.search(fence.text) for _, fence in fences)
        if not known or _DOCUMENT.search("\n".join(content)):
            reason = "the fenced block opened here is never closed"
            raise stop(Place(file, opened_at), reason, _REFETCH)
    return fences


def _closes(mark: re.Match[str], opening: re.Match[str]) -> bool:
    """Say whether a fence line ends the block that another one opened."""
    marks, opened = mark["marks"], opening["marks"]
    return marks[0] == opened[0] and len(marks) >= len(opened) and not mark["info"]
