"""Performs flows by hand, with `next()`, `send()` and `throw()`, on a clock that only the test moves."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator, Mapping
from typing import Any

from chainhub_video.io import (
    Call,
    Close,
    Effect,
    Emit,
    Notify,
    Now,
    Open,
    Read,
    Reply,
    Run,
    Sleep,
    Stream,
)


def reply(document: Any = None, status: int = 200, **headers: str) -> Reply:
    """An answer; underscores in the headers' names stand for dashes."""
    body = b"" if document is None else json.dumps(document).encode()
    return Reply(status, {name.replace("_", "-"): text for name, text in headers.items()}, body)


class World:
    """What happens outside of a flow.

    Attributes:
        clock: seconds.
        calls: what was asked for.
        sleeps: how long it paused, each time.
        emitted: what an iterator would have given.
        open: streams that were opened and not closed.
    """

    def __init__(self, *outcomes: Reply | Exception, takes: float = 0.0) -> None:
        self._outcomes = deque(outcomes)
        self._takes = takes
        self.clock = 1000.0
        self.calls: list[Call] = []
        self.sleeps: list[float] = []
        self.emitted: list[Any] = []
        self.open = 0

    def run(self, flow: Generator[Effect, Any, Any]) -> Any:
        """Perform a flow to its end, and return its value or raise its error."""
        try:
            effect = next(flow)
            while True:
                try:
                    result = self._perform(effect)
                except Exception as error:  # noqa: BLE001 - into the flow with it, as the drivers do
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as end:
            return end.value

    @property
    def targets(self) -> list[str]:
        """Method and address of each call."""
        return [f"{call.arguments['method']} {call.arguments['url']}" for call in self.calls]

    @property
    def headers(self) -> list[Mapping[str, str]]:
        """The headers of each call."""
        return [call.arguments.get("headers", {}) for call in self.calls]

    def _perform(self, effect: Effect) -> Any:
        match effect:
            case Open(call):
                return self._answer(call)
            case Read(stream):
                return stream.handle.popleft() if stream.handle else b""
            case Close(_):
                self.open -= 1
            case Sleep(seconds):
                assert seconds > 0
                self.sleeps.append(seconds)
                self.clock += seconds
            case Now():
                return self.clock
            case Run(function, arguments) | Notify(function, arguments):
                return function(*arguments)
            case Emit(value):
                self.emitted.append(value)
        return None

    def _answer(self, call: Call) -> Stream:
        self.calls.append(call)
        self.clock += self._takes
        assert len(self.calls) < 1000, "the flow asks without end"
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        self.open += 1
        return Stream(outcome.status, outcome.headers, deque([outcome.body]))
