"""What the pipeline says: where something is, what was changed there and why, what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath


@dataclass(frozen=True, order=True)
class Place:
    """A line of a file.

    Args:
        file: The file's name as the reader knows it.
        line: The line, counted from 1; 0 stands for the file as a whole.
    """

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Change:
    """One thing a step did to a document.

    Args:
        place: Where it was done.
        step: The step that did it.
        reason: Why, in one sentence.
        before: The line or value as it was, empty if there is nothing to show.
        after: The same afterwards.
        also: Where else it was done, or what else belongs to it. Lines move whenever a page changes, so this
            does not tell one change from another.
    """

    place: Place
    step: str
    reason: str
    before: str = ""
    after: str = ""
    also: str = ""

    @property
    def told(self) -> str:
        """The reason, and what belongs to it."""
        return f"{self.reason} {self.also}" if self.also else self.reason

    @property
    def identity(self) -> str:
        """The change without its lines: the same text in the next build, wherever it stands then."""
        file = PurePath(self.place.file).name
        return repr((file, self.step, self.reason, self.before, self.after))

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.step}: {self.told}"]
        before, after = self.before.strip(" \t"), self.after.strip(" \t")
        if before == after:
            before, after = (repr(text) if text else "" for text in (self.before, self.after))
        lines += [f"    - {_visible(before)}"] if before else []
        lines += [f"    + {_visible(after)}"] if after else []
        return "\n".join(lines)


@dataclass(frozen=True)
class Problem:
    """Something that stops the build.

    Args:
        place: Where it is.
        reason: What is wrong there, in one sentence.
        next_step: What to do about it.
    """

    place: Place
    reason: str
    next_step: str

    def __str__(self) -> str:
        return f"{self.place}: error: {one_line(self.reason)}. Next: {one_line(self.next_step)}."


class PipelineError(Exception):
    """The build stopped; nothing was written.

    Args:
        problems: Everything that is wrong, at least one.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def stop(place: Place, reason: str, next_step: str) -> PipelineError:
    """Make the error for a single problem.

    Args:
        place: Where it is.
        reason: What is wrong there.
        next_step: What to do about it.

    Returns:
        The error, to be raised.
    """
    return PipelineError(Problem(place, reason, next_step))


def refuse(problems: Iterable[Problem]) -> None:
    """Stop the build if there is any problem.

    Args:
        problems: What is wrong.

    Raises:
        PipelineError: Something is wrong.
    """
    found = list(problems)
    if found:
        raise PipelineError(*found)


def _visible(text: str) -> str:
    """Show what a terminal would act on, or break a line at."""
    return "".join(
        char if char.isprintable() or char == "\t" else ascii(char)[1:-1] for char in text
    )


def one_line(text: str) -> str:
    """Fold text into one line without a closing full stop.

    Args:
        text: Any text, perhaps of several lines.

    Returns:
        The same words, single blanks between them.
    """
    return " ".join(text.split()).rstrip(".")


def shorten(value: object, limit: int = 100) -> str:
    """Show a value in a report.

    Args:
        value: Any value.
        limit: The longest result, in characters.

    Returns:
        Its Python notation, cut in the middle if it is longer than that.
    """
    return cut(repr(value), limit)


def count(number: int, noun: str) -> str:
    """Tell how many there are of something.

    Args:
        number: How many.
        noun: What one of them is called.

    Returns:
        The two, the noun in the plural if there is not exactly one.
    """
    return f"{number} {noun}{'s' * (number != 1)}"


def cut(text: str, limit: int) -> str:
    """Cut a text that is too long in the middle.

    Args:
        text: Any text.
        limit: The longest result, in characters.

    Returns:
        The text, or its two ends.
    """
    if len(text) <= limit:
        return text
    half = (limit - 3) // 2
    return f"{text[:half]}...{text[-half:]}"
