"""Read pages and tell what had to be repaired, without building or writing anything."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.choices import Choice, chosen_for, read_choices
from pipeline.page import Excerpt, decode, read_file, take_document
from pipeline.parse import parse
from pipeline.repair import repair
from pipeline.report import Change, PipelineError, one_line
from pipeline.shape import check_page
from pipeline.tree import YamlMapping


@dataclass(frozen=True)
class Inspection:
    """What came of one page.

    Args:
        page: The file as it was named.
        document: What it holds; None if it was refused.
        repairs: What was changed to read it.
        error: Why it was refused; None if it was not.
    """

    page: str
    document: YamlMapping | None
    repairs: list[Change]
    error: PipelineError | None

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        refused = None
        if self.error is not None:
            first, *_ = self.error.problems
            reason = "; ".join(one_line(problem.reason) for problem in self.error.problems)
            refused = {"line": first.place.line or None, "reason": reason}
        repairs = [
            {
                "line": change.place.line,
                "before": change.before,
                "after": change.after,
                "reason": change.told,
            }
            for change in self.repairs
        ]
        found = {
            "page": self.page,
            "document": self.document,
            "repairs": repairs,
            "refused": refused,
        }
        # Escaped, so that no character in it can end the line or trouble a terminal.
        return json.dumps(found, allow_nan=False)

    def as_text(self) -> str:
        """Return it as one line, with one more for each repair or further reason."""
        if self.error is not None:
            return "\n".join(
                f"{problem.place}: refused: {one_line(problem.reason)}"
                for problem in self.error.problems
            )
        count = len(self.repairs)
        told = f", {count} repair{'s' * (count != 1)}" if count else ""
        return "\n".join([f"{self.page}: ok{told}", *(f"  {change}" for change in self.repairs)])


def inspect(pages: Iterable[Path], overlay: Path) -> Iterator[Inspection]:
    """Read pages one after the other.

    Args:
        pages: The files.
        overlay: The overlay, which may say which value holds for a key given twice; it need not be
            there.

    Yields:
        What came of each page, in their order.

    Raises:
        PipelineError: The overlay itself cannot be read.
    """
    choices: list[Choice] = []
    if overlay.is_file():
        text, _ = decode(read_file(overlay, str(overlay)), str(overlay))
        choices = read_choices(parse(Excerpt(str(overlay), text))[0])
    for page in pages:
        yield _inspect(page, choices)


def _inspect(page: Path, choices: list[Choice]) -> Inspection:
    changes: list[Change] = []
    try:
        document, changes = read_document(read_file(page, str(page)), str(page), choices)
        check_page(document, alone=True)
    except PipelineError as error:
        return Inspection(str(page), None, changes, error)
    return Inspection(str(page), document, changes, None)


def read_document(raw: bytes, file: str, choices: list[Choice]) -> tuple[YamlMapping, list[Change]]:
    """Run the steps from a page's bytes to its data.

    Args:
        raw: The bytes of the page.
        file: Its name, for the report.
        choices: Which value holds for keys given twice.

    Returns:
        The document, and what was changed to read it.

    Raises:
        PipelineError: The page cannot be read.
    """
    excerpt, taken = take_document(raw, file)
    mended, repaired = repair(excerpt)
    document, settled = parse(mended, chosen_for(choices, file))
    return document, [*taken, *repaired, *settled]
