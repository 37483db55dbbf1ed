"""Faults: what can go wrong on purpose, and which requests it hits."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, get_args

from chainhub_sandbox.errors import InvalidFault

Step = Literal["create", "query", "content", "link"]
Moment = Literal["arrival", "read", "done"]
STEPS: tuple[Step, ...] = get_args(Step)
SHAPES = ("error", "flat", "html", "empty")

_JSON_STEPS: tuple[Step, ...] = ("create", "query")
_FILE_STEPS: tuple[Step, ...] = ("content", "link")
_ANY_MOMENT: tuple[Moment, ...] = ("done", "read", "arrival")
_REQUIRED = object()
_LARGEST = 2**53
_DOTTED_NAMES = "a name, or names with dots between them, as in data.url"
_LONGEST_SECONDS = 3600.0
# A comma separates parameters only where another one follows: values may be JSON.
_SEPARATOR = re.compile(r",(?=[a-z_]+=)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a fault.

    Attributes:
        default: its value if none is given; `_REQUIRED` if one must be.
        wanted: what it must be, in words.
        accepts: whether a value is that.
        convert: makes the value that is kept of the one that is given.
    """

    default: Any
    wanted: str
    accepts: Callable[[Any], bool]
    convert: Callable[[Any], Any] = lambda value: value

    def read(self, value: Any) -> Any:
        """Return the value to keep; raise a ValueError that says what it must be."""
        if value is self.default:
            return value
        if not self.accepts(value):
            raise ValueError(self.wanted)
        return self.convert(value)


def _whole(default: Any, lowest: int, highest: int = _LARGEST) -> Parameter:
    return Parameter(
        default,
        f"a whole number from {lowest} to {highest}",
        lambda value: type(value) is int and lowest <= value <= highest,
    )


def _number(default: Any, highest: float) -> Parameter:
    return Parameter(
        default,
        f"a number from 0 to {highest:g}",
        lambda value: type(value) in (int, float) and 0 <= value <= highest,
        float,
    )


def _one_of(*choices: Any, default: Any = None) -> Parameter:
    """One of several values of one type; the first is the default if no other is named."""
    return Parameter(
        default or choices[0],
        f"one of {', '.join(map(str, choices))}",
        lambda value: type(value) is type(choices[0]) and value in choices,
    )


def _text(default: str | None) -> Parameter:
    return Parameter(default, "text", lambda value: isinstance(value, str))


def _is_header(value: Any) -> bool:
    return not isinstance(value, bool) and str(value).isascii() and str(value).isprintable()


def _is_not_zero(value: Any) -> bool:
    return type(value) is int and value != 0


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_dotted(value: Any) -> bool:
    return isinstance(value, str) and all(value.split("."))


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault; docs/sandbox.md says what each does.

    Attributes:
        steps: where it can happen.
        moments: when it can happen; the first is the default. Empty if it waits for no request.
        parameters: its own, by name.
    """

    steps: tuple[Step, ...]
    moments: tuple[Moment, ...]
    parameters: Mapping[str, Parameter]

    @property
    def common(self) -> dict[str, Parameter]:
        """The parameters of every kind that waits for requests."""
        if not self.moments:
            return {}
        return {"moment": _one_of(*self.moments), **_COMMON}


_COMMON = {
    "times": _whole(None, 1),
    "probability": _number(1.0, 1.0),
    "after": _whole(0, 0),
    "seed": _whole(0, 0),
}


def _kind(
    steps: tuple[Step, ...] = STEPS,
    moments: tuple[Moment, ...] = ("done",),
    **parameters: Parameter,
) -> Kind:
    return Kind(steps, moments, parameters)


KINDS: Mapping[str, Kind] = {
    "refuse": _kind(moments=(), seconds=_number(1.0, _LONGEST_SECONDS)),
    "reset": _kind(moments=_ANY_MOMENT),
    "close": _kind(moments=_ANY_MOMENT),
    "hang": _kind(moments=_ANY_MOMENT, seconds=_number(None, _LONGEST_SECONDS)),
    "cut": _kind(
        part=_one_of("body", "head"),
        bytes=_whole(None, 0),
        ending=_one_of("close", "reset"),
    ),
    "length": _kind(by=Parameter(100, "a whole number other than 0", _is_not_zero)),
    "drip": _kind(bytes=_whole(64, 1), seconds=_number(0.01, _LONGEST_SECONDS)),
    "status": _kind(
        moments=("read", "done"),
        status=_whole(_REQUIRED, 200, 599),
        shape=_one_of(*SHAPES),
        code=_text("sandbox_fault"),
        message=_text("a fault of the sandbox's"),
        retry_after=Parameter(None, "seconds, or an HTTP date", _is_header, str),
    ),
    "fields": _kind(_JSON_STEPS, fields=Parameter(_REQUIRED, "a JSON object", _is_object)),
    "types": _kind(_JSON_STEPS),
    "state": _kind(_JSON_STEPS, word=_text(None)),
    "clock": _kind(_JSON_STEPS),
    "expire": _kind(("link",), status=_whole(403, 400, 599)),
    "redirect": _kind(("content",), status=_one_of(301, 302, 303, 307, 308, default=302)),
    "refer": _kind(("content",), place=Parameter("url", _DOTTED_NAMES, _is_dotted)),
    "no_range": _kind(_FILE_STEPS),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        step: `create`, `query`, `content` or `link`.
        kind: what happens, one of `KINDS`.
        moment: when. `arrival`: the head has arrived, the body is not read, nothing is done. `read`:
            the request is read whole, nothing is done. `done`: it is carried out, so that a create
            is accepted and paid. Empty for `refuse`.
        times: how many requests it hits; None for no limit.
        probability: the chance of each request to be hit, from 0.0 to 1.0.
        after: how many requests of the step are let through first.
        seed: of its random choices.
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
        """Return a fault of a step and kind with some parameters.

        Raises:
            InvalidFault: there is no such step, kind, moment, parameter or value.
        """
        where = f"fault {step}:{kind}"
        known = KINDS.get(kind)
        if known is None:
            raise InvalidFault(f"{where}: no such kind; there are {', '.join(KINDS)}")
        if step not in known.steps:
            raise InvalidFault(f"{where}: this kind is for {', '.join(known.steps)}")
        allowed = {**known.common, **known.parameters}
        for name in given:
            if name not in allowed:
                raise InvalidFault(
                    f"{where}: no parameter {name!r}; there are {', '.join(allowed)}"
                )
        values: dict[str, Any] = {"moment": ""}
        for name, parameter in allowed.items():
            value = given.get(name, parameter.default)
            if parameter.default is _REQUIRED and value in (None, _REQUIRED):
                raise InvalidFault(f"{where}: the parameter {name!r} is needed")
            try:
                values[name] = parameter.read(value)
            except ValueError as error:
                raise InvalidFault(f"{where}: {name} is {value!r}, and must be {error}") from None
        parameters = {name: values.pop(name) for name in known.parameters}
        return cls(step=step, kind=kind, parameters=parameters, **values)

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """Return the fault that a text says, as in `create:status,status=503,shape=html,times=2`.

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
        """Return the fault that a JSON object says, or a text as for `parse`.

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
        """Return the fault as a JSON document."""
        common = {name: getattr(self, name) for name in KINDS[self.kind].common}
        return {"step": self.step, "kind": self.kind, **common, **self.parameters}

    def __str__(self) -> str:
        return f"{self.kind} at {self.moment}" if self.moment else self.kind


@dataclass(frozen=True, slots=True)
class Injection:
    """What a fault does to one request; without a fault, nothing.

    Attributes:
        fault: the fault.
        rng: for its choices; the same for the same hit of the same seed.
    """

    fault: Fault | None = None
    rng: random.Random = field(default_factory=random.Random)

    @property
    def kind(self) -> str:
        """What happens; empty for nothing."""
        return "" if self.fault is None else self.fault.kind

    @property
    def drops_answer(self) -> bool:
        """Whether no answer is sent at all."""
        return self.kind in ("reset", "close")

    def at(self, moment: Moment) -> bool:
        """Whether it happens at this moment."""
        return self.fault is not None and self.fault.moment == moment

    def __getitem__(self, name: str) -> Any:
        return self.fault.parameters[name] if self.fault else None

    def __str__(self) -> str:
        return "" if self.fault is None else str(self.fault)


NO_FAULT = Injection()


class FaultPlan:
    """The faults that are set, oldest first; for any thread."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._added = 0
        self._seen: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()
        self._lock = Lock()

    def add(self, fault: Fault) -> None:
        """Set a fault."""
        with self._lock:
            self._faults[self._added] = fault
            self._added += 1

    def remove(self, number: int) -> None:
        """Forget one fault, by its number in `numbered`; nothing if it is gone already."""
        with self._lock:
            self._faults.pop(number, None)

    def clear(self) -> None:
        """Forget all faults."""
        with self._lock:
            for forgotten in (self._faults, self._seen, self._struck):
                forgotten.clear()
            self._added = 0

    @property
    def faults(self) -> list[Fault]:
        """The faults that are set."""
        with self._lock:
            return list(self._faults.values())

    def numbered(self) -> list[tuple[int, Fault, int, int]]:
        """Return every fault with its number, and how many requests it has seen and struck."""
        with self._lock:
            return [
                (number, fault, self._seen[number], self._struck[number])
                for number, fault in self._faults.items()
            ]

    def draw(self, step: str) -> Injection:
        """Return what hits the next request of a step: the oldest fault that does, if any.

        A request that an older fault hits is not counted by the younger ones.
        """
        with self._lock:
            for number, fault in self._faults.items():
                if fault.step == step and self._hits_next(number, fault):
                    return Injection(fault, _rng(number, fault, -self._struck[number]))
        return NO_FAULT

    def _hits_next(self, number: int, fault: Fault) -> bool:
        """Count one more request, and return whether it is hit."""
        self._seen[number] += 1
        if self._seen[number] <= fault.after or self._struck[number] == fault.times:
            return False
        if _rng(number, fault, self._seen[number]).random() >= fault.probability:
            return False
        self._struck[number] += 1
        return True

    def as_json(self) -> list[dict[str, Any]]:
        """Return every fault, with how many requests it has seen and struck."""
        return [
            fault.as_json() | {"seen": seen, "struck": struck}
            for _, fault, seen, struck in self.numbered()
        ]


def _rng(number: int, fault: Fault, turn: int) -> random.Random:
    """Return a generator for one request: two faults of one seed differ, and do not affect each other."""
    return random.Random(f"{fault.seed}/{number}/{turn}")
