"""The plan of faults: which request is struck by which fault, the same every time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from chainhub_sandbox.faults import Fault, Moment

SILENT_KINDS = frozenset({"reset", "close"})


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that hits one request.

    Attributes:
        fault: the fault.
        chance: for the choices that are left to it; the same for the same strike of a seed.
    """

    fault: Fault
    chance: random.Random

    @property
    def kind(self) -> str:
        """What happens."""
        return self.fault.kind

    @property
    def is_silent(self) -> bool:
        """Whether no answer is sent at all."""
        return self.kind in SILENT_KINDS

    def at(self, moment: Moment) -> bool:
        """Whether it hits at this moment."""
        return self.fault.moment == moment

    def __getitem__(self, name: str) -> Any:
        """One of the fault's own parameters."""
        return self.fault.parameters[name]


@dataclass(slots=True)
class _Entry:
    fault: Fault
    number: int
    seen: int = 0
    struck: int = 0

    def strikes(self) -> bool:
        """Count one more request, and say whether this one is hit."""
        self.seen += 1
        if self.seen <= self.fault.after or self.struck == self.fault.times:
            return False
        # Drawn by numbers: two faults of one seed differ, and neither depends on what the other did.
        if self._dice(self.seen).random() >= self.fault.probability:
            return False
        self.struck += 1
        return True

    def strike(self) -> Strike:
        """The last hit."""
        return Strike(self.fault, self._dice(-self.struck))

    def _dice(self, turn: int) -> random.Random:
        return random.Random(f"{self.fault.seed}/{self.number}/{turn}")


@dataclass(slots=True)
class Plan:
    """The faults that are set, oldest first; usable from several threads."""

    _entries: list[_Entry] = field(default_factory=list[_Entry])
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault) -> None:
        """Sets a fault."""
        with self._lock:
            self._entries.append(_Entry(fault, len(self._entries)))

    def clear(self) -> None:
        """Forgets all faults."""
        with self._lock:
            self._entries.clear()

    @property
    def faults(self) -> list[Fault]:
        """The faults that are set."""
        with self._lock:
            return [entry.fault for entry in self._entries]

    def draw(self, step: str) -> Strike | None:
        """What hits the next request of a step: the oldest fault that strikes, or None.

        A request that an older fault hits is not counted by the younger ones.
        """
        with self._lock:
            for entry in self._entries:
                if entry.fault.step == step and entry.strikes():
                    return entry.strike()
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """Every fault, how many requests it has seen, and how many it has hit."""
        with self._lock:
            return [
                entry.fault.as_json() | {"seen": entry.seen, "struck": entry.struck}
                for entry in self._entries
            ]
