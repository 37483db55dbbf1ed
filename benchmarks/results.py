"""What was measured, beside what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import attrs

Rounds: TypeAlias = Sequence[Mapping[str, float]]

_ENOUGH = 4  # rounds, for quartiles to mean something


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
        ratios: of each subject to bare httpx, the median of all rounds'; empty if only the figures count.
        spread: the quartiles of the rounds' ratios of ours to bare; None if there are too few.
        aim: for the ratio of ours to bare if there is one, else for our own figure; None where there is none.
    """

    title: str
    unit: str
    figures: Mapping[str, float]
    ratios: Mapping[str, float] = attrs.field(factory=dict[str, float])
    spread: tuple[float, float] | None = None
    aim: AtMost | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was met; None if there was none."""
        judged = self.ratios["ours"] if self.ratios else self.figures["ours"]
        return None if self.aim is None else self.aim.met(judged)


def paired(title: str, unit: str, rounds: Rounds, aim: AtMost | None) -> Row:
    """Return the row for rounds in which every subject took its turn.

    Ratios are taken within a round, since the machine may be busier in one round than in another.

    Args:
        title: what was measured.
        unit: of the figures.
        rounds: figures by subject.
        aim: for the ratio of ours to bare.
    """
    names = rounds[0].keys()
    ratios = {name: [each[name] / each["bare"] for each in rounds] for name in names}
    spread = None
    if len(rounds) >= _ENOUGH:
        low, _, high = statistics.quantiles(ratios["ours"], n=4)
        spread = low, high
    return Row(
        title=title,
        unit=unit,
        figures={name: statistics.median(each[name] for each in rounds) for name in names},
        ratios={name: statistics.median(ratios[name]) for name in names},
        spread=spread,
        aim=aim,
    )


def timed(title: str, rounds: Rounds, aim: AtMost | None) -> Row:
    """Return the row for rounds of seconds, shown in milliseconds."""
    return paired(title, "ms", [{k: 1000 * v for k, v in each.items()} for each in rounds], aim)
