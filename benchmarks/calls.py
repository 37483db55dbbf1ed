"""What one call costs: a create on a connection of its own, a query on a kept one."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from .processes import Subject, turns, workers
from .results import AtMost, Row, timed

_IN_A_ROW = 5  # calls of one subject before the next one's turn
_CALLS: tuple[tuple[str, Mapping[str, Any], AtMost], ...] = (
    ("create with a picture of 64 kB", {"call": "create", "bytes": 64 * 1024}, AtMost(1.15)),
    ("query", {"call": "query"}, AtMost(1.20)),
)


async def measure(subjects: Sequence[Subject], url: str, *, rounds: int) -> list[Row]:
    """Time calls of one colour in rounds, the subjects in turn."""
    rows = []
    async with workers(subjects, url) as running:
        for title, call, aim in _CALLS:
            for worker in running.values():
                await worker.ask(call, count=10)
            taken = []
            for number in range(rounds):
                medians = {}
                for name in turns(running, number):
                    seconds = await running[name].ask(call, count=_IN_A_ROW)
                    medians[name] = statistics.median(seconds)
                taken.append(medians)
            rows.append(timed(f"{title}, {subjects[0].colour.lower()}", taken, aim))
    return rows
