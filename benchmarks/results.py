"""What was measured, beside what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Literal

import attrs

Samples = Mapping[str, Sequence[float]]


@attrs.frozen
class AtMost:
    """An aim that a figure stays below or at."""

    limit: float

    def met(self, figure: float) -> bool:
        """Return whether it does."""
        return figure <= self.limit

    def __str__(self) -> str:
        return f"≤ {self.limit:.2f}"


@attrs.frozen
class AtLeast(AtMost):
    """An aim that a figure stays above or at."""

    def met(self, figure: float) -> bool:
        """Return whether it does."""
        return figure >= self.limit

    def __str__(self) -> str:
        return f"≥ {self.limit:.2f}"


@attrs.frozen
class Row:
    """One measurement of all subjects.

    Attributes:
        title: what was measured.
        unit: of the figures.
        figures: the median of each subject, by its module's name; `ours`, and others if there are.
        spread: the middle half of the ratios of ours to bare, round by round; None if there are no rounds.
        aim: for the ratio of ours to bare, or for our own figure; None where there is none.
        against: which of these two it is for.
    """

    title: str
    unit: str
    figures: Mapping[str, float]
    spread: tuple[float, float] | None = None
    aim: AtMost | None = None
    against: Literal["ratio", "figure"] = "ratio"

    def ratio(self, subject: str) -> float | None:
        """Return a subject's figure as a multiple of bare httpx's, or None if one is missing."""
        figure, bare = self.figures.get(subject), self.figures.get("bare")
        return None if figure is None or not bare else figure / bare

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; None if there was none."""
        judged = self.ratio("ours") if self.against == "ratio" else self.figures["ours"]
        return None if self.aim is None or judged is None else self.aim.met(judged)


def timed(title: str, rounds: Sequence[Mapping[str, float]], aim: AtMost | None = None) -> Row:
    """Return the row for rounds in which every subject took its turn.

    Args:
        title: what was measured.
        rounds: seconds by subject.
        aim: for the ratio of ours to bare.
    """
    figures = {name: 1000 * statistics.median(r[name] for r in rounds) for name in rounds[0]}
    return Row(title, "ms", figures, middle_half(rounds), aim)


def middle_half(rounds: Sequence[Mapping[str, float]]) -> tuple[float, float] | None:
    """Return the quartiles of the ratios of ours to bare, round by round."""
    ratios = [each["ours"] / each["bare"] for each in rounds]
    if len(ratios) < 4:
        return None
    low, _, high = statistics.quantiles(ratios, n=4)
    return low, high
