"""Faults: what may go wrong on purpose, at which step of a job, when, and how often."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from chainhub_sandbox.listening import SandboxError
from chainhub_sandbox.parameters import (
    Check,
    dotted_place,
    header_value,
    json_object,
    not_zero,
    number,
    one_of,
    redirect_status,
    text,
    whole,
)

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
