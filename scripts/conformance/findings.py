"""What is told: deviations, gaps and notes, as lines for people or as JSON for machines."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .document import Promise

_SHOWN_PLACES = 5


@dataclass(frozen=True)
class Deviation:
    """One broken promise.

    Args:
        where: The interaction, or the places of several that broke it the same way.
        operation: The operation's title; the method and path, if the document does not know them.
        side: `request`, or `answer` with its status.
        field: The field or part it is about; `body` for the whole.
        what: What is wrong with it, in words that follow its name.
        promise: The part of the document that says otherwise; None if it has none to show.
        demand: What the promise says, in words that follow it.
        next_step: What to do about it.
        details: More lines about it.
    """

    where: str
    operation: str
    side: str
    field: str
    what: str
    promise: Promise | None
    demand: str
    next_step: str
    details: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[object, ...]:
        """What deviations have in common that one change settles."""
        return self.operation, self.side, self.field, self.promise, self.demand

    def __str__(self) -> str:
        says = f"; {self.promise} {self.demand}" if self.promise else ""
        about = f"{self.operation}, {self.side}: {self.field} {self.what}{says}"
        lines = [f"{self.where}: error: {about}. Next: {self.next_step}."]
        lines += [f"    {detail}" for detail in self.details]
        if self.also:
            more = len(self.also) - _SHOWN_PLACES
            told = ", ".join(self.also[:_SHOWN_PLACES]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"    also in {told}")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "where": [self.where, *self.also],
            "operation": self.operation,
            "side": self.side,
            "field": self.field,
            "what": self.what,
            "promise": self.promise and self.promise.pointer,
            "written": self.promise and str(self.promise.place),
            "demand": self.demand,
            "next": self.next_step,
            "details": list(self.details),
        }


@dataclass
class Findings:
    """All that came of holding recordings against a document.

    Args:
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
        """Return it as lines.

        Args:
            quiet: Whether to leave out the notes and what was recorded.
        """
        lines = [str(deviation) for deviation in self.deviations]
        lines += [f"gap: {gap}" for gap in self.gaps]
        if quiet:
            return "\n".join([*lines, self.summary()])
        lines += [f"note: {note}" for note in self.notes]
        width = max(map(len, self.recorded), default=0)
        for title, statuses in self.recorded.items():
            told = ", ".join(f"{status} x {times}" for status, times in sorted(statuses.items()))
            lines.append(f"{title:<{width}}  {told or 'never recorded'}")
        return "\n".join([*lines, self.summary()])

    def summary(self) -> str:
        """Say in one line how it stands."""
        held = sum(times for statuses in self.recorded.values() for times in statuses.values())
        outside = "; ".join(
            f"{times} to {origin} are outside of it" for origin, times in self.outside.items()
        )
        return (
            f"{_count(self.cassettes, 'cassette')}, {_count(held, 'interaction')} held against "
            f"{self.document}{outside and '; '}{outside}: {_count(len(self.deviations), 'deviation')}, "
            f"{_count(len(self.gaps), 'gap')}, {_count(len(self.notes), 'note')}."
        )

    def as_json(self) -> str:
        """Return it as one JSON document."""
        whole = {
            "document": self.document,
            "cassettes": self.cassettes,
            "recorded": self.recorded,
            "outside": self.outside,
            "deviations": [deviation.as_json() for deviation in self.deviations],
            "gaps": self.gaps,
            "notes": self.notes,
        }
        return json.dumps(whole, indent=2, ensure_ascii=False)


def gather(deviations: Iterable[Deviation]) -> list[Deviation]:
    """Put together what the same change would settle.

    Args:
        deviations: Of all interactions.

    Returns:
        One for each cause, with the places of the others.
    """
    first: dict[tuple[object, ...], Deviation] = {}
    places: dict[tuple[object, ...], list[str]] = {}
    for deviation in deviations:
        first.setdefault(deviation.cause, deviation)
        places.setdefault(deviation.cause, []).append(deviation.where)
    return [
        Deviation(**{**vars(deviation), "also": tuple(dict.fromkeys(places[cause][1:]))})
        for cause, deviation in first.items()
    ]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
