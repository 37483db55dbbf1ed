"""Faults: what can go wrong on purpose, and which requests it hits."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, get_args

from chainhub_sandbox.errors import SandboxError

Check = Callable[[Any], Any]

_REDIRECTS = (301, 302, 303, 307, 308)


def whole(lowest: int, highest: int) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> int:
        if type(value) is not int or not lowest <= value <= highest:
            raise ValueError(f"a whole number from {lowest} to {highest}")
        return value

    return check


def number(lowest: float, highest: float) -> Check:
    """A number within limits."""

    def check(value: Any) -> float:
        if type(value) not in (int, float) or not lowest <= value <= highest:
            raise ValueError(f"a number from {lowest:g} to {highest:g}")
        return float(value)

    return check


def one_of(*words: str) -> Check:
    """One of some words."""

    def check(value: Any) -> str:
        if value not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return str(value)

    return check


def text(value: Any) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError("text")
    return value


def header_value(value: Any) -> str:
    """What a header may hold, given as text or as a number."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isprintable()):
        raise ValueError("seconds, or an HTTP date")
    return text


def json_object(value: Any) -> dict[str, Any]:
    """A JSON object."""
    if not isinstance(value, dict):
        raise ValueError("a JSON object")
    return value


def not_zero(value: Any) -> int:
    """A whole number but 0."""
    if type(value) is not int or not value:
        raise ValueError("a whole number other than 0")
    return value


def redirect_status(value: Any) -> int:
    """A status that leads elsewhere."""
    if type(value) is not int or value not in _REDIRECTS:
        raise ValueError(f"one of {', '.join(map(str, _REDIRECTS))}")
    return value


def dotted_place(value: Any) -> str:
    """Where a value is in nested objects."""
    if not isinstance(value, str) or not all(value.split(".")):
        raise ValueError("a name, or names with dots between them, as in data.url")
    return value


Step = Literal["create", "query", "content", "link"]
Moment = Literal["arrival", "read", "done"]
STEPS: tuple[Step, ...] = get_args(Step)
MOMENTS: tuple[Moment, ...] = get_args(Moment)
SHAPES = ("error", "flat", "html", "empty")

LONGEST_SECONDS = 3600.0
_ANSWERED_STEPS: tuple[Step, ...] = ("create", "query")
_FILE_STEPS: tuple[Step, ...] = ("content", "link")
# A comma separates parameters only where another one follows: values may be JSON.
_SEPARATOR = re.compile(r",(?=[a-z_]+=)")


class InvalidFault(SandboxError):
    """A fault that cannot be; the message names what is wrong, and what would be right."""


_MANY = 2**53
_BYTES = whole(0, _MANY)
_SECONDS = number(0.0, LONGEST_SECONDS)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault can be.

    Attributes:
        does: in one line.
        steps: where it can be.
        moments: when it can be; the first is the default, none where there is no choice.
        parameters: each one's default and check.
        needed: parameters that must be given.
    """

    does: str
    steps: tuple[Step, ...] = STEPS
    moments: tuple[Moment, ...] = ("done",)
    parameters: Mapping[str, tuple[Any, Check]] = field(default_factory=dict[str, Any])
    needed: tuple[str, ...] = ()


_ANY_MOMENT: tuple[Moment, ...] = ("done", "read", "arrival")

KINDS: Mapping[str, Kind] = {
    "refuse": Kind(
        "closes the origin's listener: the system refuses connections, as if nothing ran there",
        moments=(),
        parameters={"seconds": (1.0, _SECONDS)},
    ),
    "reset": Kind("resets the connection (RST) instead of an answer", moments=_ANY_MOMENT),
    "close": Kind("closes the connection (FIN) instead of an answer", moments=_ANY_MOMENT),
    "hang": Kind(
        "is silent until the client leaves, or for some seconds, and then goes on",
        moments=_ANY_MOMENT,
        parameters={"seconds": (None, _SECONDS)},
    ),
    "cut": Kind(
        "ends the connection in the middle of the answer's head or body",
        parameters={
            "part": ("body", one_of("head", "body")),
            "bytes": (None, _BYTES),
            "ending": ("close", one_of("close", "reset")),
        },
    ),
    "length": Kind(
        "announces more or fewer bytes than it sends",
        parameters={"by": (100, not_zero)},
    ),
    "drip": Kind(
        "sends the body a few bytes at a time",
        parameters={"bytes": (64, whole(1, _MANY)), "seconds": (0.01, _SECONDS)},
    ),
    "status": Kind(
        "answers with another status and an error's body",
        moments=("read", "done"),
        parameters={
            "status": (None, whole(200, 599)),
            "shape": ("error", one_of(*SHAPES)),
            "code": ("sandbox_fault", text),
            "message": ("a fault of the sandbox's", text),
            "retry_after": (None, header_value),
        },
        needed=("status",),
    ),
    "fields": Kind(
        "answers as usual, with some fields changed",
        steps=_ANSWERED_STEPS,
        parameters={"fields": (None, json_object)},
        needed=("fields",),
    ),
    "types": Kind(
        "answers with every field's value of a wrong type, the id's too", steps=_ANSWERED_STEPS
    ),
    "state": Kind(
        "answers with a state that no page knows",
        steps=_ANSWERED_STEPS,
        parameters={"word": (None, text)},
    ),
    "clock": Kind("answers with odd times", steps=_ANSWERED_STEPS),
    "expire": Kind(
        "lets the link expire; the next query has another",
        steps=("link",),
        parameters={"status": (403, whole(400, 599))},
    ),
    "redirect": Kind(
        "redirects to the second origin instead of sending the video",
        steps=("content",),
        parameters={"status": (302, redirect_status)},
    ),
    "refer": Kind(
        "answers with JSON that holds a link to the second origin instead of the video",
        steps=("content",),
        parameters={"place": ("url", dotted_place)},
    ),
    "no_range": Kind("sends the whole file, whatever range was asked for", steps=_FILE_STEPS),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        step: `create`, `query`, `content` or `link`.
        kind: what happens, see `KINDS`.
        moment: `arrival`: the request's head has come, its body is not read, nothing was done;
            `read`: it was read whole, and nothing was done; `done`: it was carried out, so that a
            create is accepted and paid. Empty for `refuse`.
        times: how often it strikes; None for always.
        probability: the chance that it strikes, from 0.0 to 1.0, each time it could.
        after: how many requests of the step are let through first.
        seed: of its chances and choices.
        parameters: the kind's own.
    """

    step: Step
    kind: str
    moment: Moment | Literal[""] = "done"
    times: int | None = None
    probability: float = 1.0
    after: int = 0
    seed: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def of(cls, step: str, kind: str, **given: Any) -> Fault:
        """A fault from a step, a kind and parameters.

        Raises:
            InvalidFault: there is no such step, kind, moment, parameter or value.
        """
        where = f"fault {step}:{kind}"
        known = KINDS.get(kind)
        if known is None:
            raise InvalidFault(f"{where}: no such kind; there are {', '.join(KINDS)}")
        if step not in known.steps:
            raise InvalidFault(f"{where}: this kind is for {', '.join(known.steps)}")
        allowed = {**_common(known), **known.parameters}
        for name in given:
            if name not in allowed:
                raise InvalidFault(
                    f"{where}: no parameter {name!r}; there are {', '.join(allowed)}"
                )
        for name in known.needed:
            if given.get(name) is None:
                raise InvalidFault(f"{where}: the parameter {name!r} is needed")
        values: dict[str, Any] = {}
        for name, (default, check) in allowed.items():
            value = given.get(name, default)
            try:
                values[name] = value if value is default else check(value)
            except ValueError as error:
                raise InvalidFault(f"{where}: {name} is {value!r}, and must be {error}") from None
        values.setdefault("moment", "")
        parameters = {name: values.pop(name) for name in known.parameters}
        return cls(step=step, kind=kind, parameters=parameters, **values)

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """A fault from text, as in `create:status,status=503,shape=html,times=2`.

        Raises:
            InvalidFault: see `of`.
        """
        head, *pairs = _SEPARATOR.split(spec)
        step, colon, kind = head.partition(":")
        if not colon or "," in kind:
            raise InvalidFault(f"fault {spec!r}: write STEP:KIND or STEP:KIND,name=value,…")
        given: dict[str, Any] = {}
        for pair in pairs:
            name, _, text = pair.partition("=")
            if name in given:
                raise InvalidFault(f"fault {spec!r}: {name} is given twice")
            try:
                given[name] = json.loads(text)
            except (ValueError, RecursionError):
                given[name] = text
        return cls.of(step, kind, **given)

    @classmethod
    def from_json(cls, document: Any) -> Fault:
        """A fault from a JSON object, or from text as for `parse`.

        Raises:
            InvalidFault: see `of`.
        """
        if isinstance(document, str):
            return cls.parse(document)
        if not isinstance(document, dict):
            raise InvalidFault(f"fault {document!r}: give an object with step, kind and parameters")
        given = dict(document)
        step, kind = given.pop("step", ""), given.pop("kind", "")
        if not isinstance(step, str) or not isinstance(kind, str):
            raise InvalidFault(f"fault {document!r}: step and kind must be text")
        return cls.of(step, kind, **given)

    def as_json(self) -> dict[str, Any]:
        """The fault as a JSON document."""
        told: dict[str, Any] = {"step": self.step, "kind": self.kind}
        told |= {name: getattr(self, name) for name in _common(KINDS[self.kind])}
        return told | dict(self.parameters)

    def __str__(self) -> str:
        return f"{self.kind} at {self.moment}" if self.moment else self.kind


def _common(kind: Kind) -> dict[str, tuple[Any, Check]]:
    """The parameters of every kind that waits for a request."""
    if not kind.moments:
        return {}
    return {
        "moment": (kind.moments[0], one_of(*kind.moments)),
        "times": (None, whole(1, _MANY)),
        "probability": (1.0, number(0.0, 1.0)),
        "after": (0, whole(0, _MANY)),
        "seed": (0, whole(0, _MANY)),
    }


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
