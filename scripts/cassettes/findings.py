"""Tell what was found: deviations, gaps and notes, as lines for people or as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from pipeline.report import count

from .document import Promise
from .explain import Broken

_SHOWN_PLACES = 5


@dataclass(frozen=True)
class Deviation:
    """One broken promise.

    Attributes:
        where: The interaction.
        operation: The operation's title; the method and path, if the document does not know them.
        side: `request`, or `answer` with its status.
        broken: What is wrong.
        promise: The part of the document that says otherwise.
        next_step: What to do about it.
        also: Further interactions that broke it the same way.
    """

    where: str
    operation: str
    side: str
    broken: Broken
    promise: Promise
    next_step: str
    also: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[object, ...]:
        """What deviations have in common that one change settles."""
        return self.operation, self.side, self.broken.field, self.promise, self.broken.demand

    def __str__(self) -> str:
        broken = self.broken
        about = f"{broken.field} {broken.what}; {self.promise} {broken.demand}"
        first = (
            f"{self.where}: error: {self.operation}, {self.side}: {about}. Next: {self.next_step}."
        )
        lines = [first, *(f"    {detail}" for detail in broken.details)]
        if self.also:
            lines.append(f"    also in {some(self.also, _SHOWN_PLACES)}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "where": [self.where, *self.also],
            "operation": self.operation,
            "side": self.side,
            "field": self.broken.field,
            "what": self.broken.what,
            "promise": self.promise.pointer,
            "written": str(self.promise.place),
            "demand": self.broken.demand,
            "next": self.next_step,
            "details": list(self.broken.details),
        }


@dataclass
class Findings:
    """All that came of holding recordings against a document.

    Attributes:
        document: The document's name.
        cassettes: How many were read.
        recorded: The titles of all operations, each with the statuses recorded, and how often.
        outside: The other origins that were spoken to, and how often.
        deviations: Broken promises.
        gaps: Operations that no recording is about.
        notes: What no promise forbids, and somebody should know.
    """

    document: str
    cassettes: int
    recorded: dict[str, dict[int, int]]
    outside: dict[str, int] = field(default_factory=dict[str, int])
    deviations: list[Deviation] = field(default_factory=list[Deviation])
    gaps: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def as_text(self, *, quiet: bool = False) -> str:
        """Return it as lines, if quiet without the notes and what was recorded."""
        lines = [*map(str, self.deviations), *(f"gap: {gap}" for gap in self.gaps)]
        if not quiet:
            lines += [f"note: {note}" for note in self.notes]
            width = max(map(len, self.recorded), default=0)
            for title, statuses in self.recorded.items():
                told = ", ".join(f"{one} x {times}" for one, times in sorted(statuses.items()))
                lines.append(f"{title:<{width}}  {told or 'never recorded'}")
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        """Say in one line how it stands."""
        held = sum(times for statuses in self.recorded.values() for times in statuses.values())
        outside = "".join(
            f"; {times} to {origin} are outside of it" for origin, times in self.outside.items()
        )
        return (
            f"{count(self.cassettes, 'cassette')}, {count(held, 'interaction')} held against "
            f"{self.document}{outside}: {count(len(self.deviations), 'deviation')}, "
            f"{count(len(self.gaps), 'gap')}, {count(len(self.notes), 'note')}."
        )

    def as_json(self) -> str:
        """Return it as one JSON document."""
        whole = {**vars(self), "deviations": [each.as_json() for each in self.deviations]}
        return json.dumps(whole, indent=2, ensure_ascii=False)


def gather(deviations: Iterable[Deviation]) -> list[Deviation]:
    """Put together what the same change would settle: one for each cause, with the places of the others."""
    first: dict[tuple[object, ...], Deviation] = {}
    places: dict[tuple[object, ...], dict[str, None]] = {}
    for each in deviations:
        first.setdefault(each.cause, each)
        places.setdefault(each.cause, {})[each.where] = None
    return [replace(each, also=tuple(places[cause])[1:]) for cause, each in first.items()]


def some(places: Iterable[str], most: int) -> str:
    """Write a list of places, and how many there are beyond the most that are shown."""
    listed = list(places)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
