"""What a flow may ask for. A driver performs it and sends the result back into the flow.

A flow is a generator: it yields effects, and returns a value. It knows no client, no clock and no event loop, so the
same logic runs blocking and under asyncio, and is tested with `next()` and `send()`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar

import attrs

T = TypeVar("T")

REPLY_LIMIT = 8_000_000  # bytes of an answer that is read whole


@attrs.frozen
class Call:
    """One HTTP request.

    Attributes:
        arguments: what a generated `_get_kwargs` returned: method, url, and params, headers, json or files.
            A relative url goes to the gateway, with the key. An absolute one goes out without it.
        read_timeout: seconds to wait for the next bytes of the answer; None for the client's setting.
        within: seconds that bound each step of the exchange, connecting included, and the reading of the whole
            answer; None for no such bound.
        fresh: whether to open a connection of its own, since a pooled one may have gone stale unnoticed.
    """

    arguments: Mapping[str, Any]
    read_timeout: float | None = None
    within: float | None = None
    fresh: bool = False


@attrs.frozen
class Reply:
    """An answer that was read whole.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: the decoded body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)


@attrs.frozen(eq=False)
class Stream:
    """An answer whose body has not been read yet.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        handle: what the driver reads from; nobody else's business.
    """

    status: int
    headers: Mapping[str, str]
    handle: Any = attrs.field(repr=False)


@attrs.frozen
class Open:
    """Perform a call and leave the body unread. Gives a `Stream`, which must be closed."""

    call: Call


@attrs.frozen
class Read:
    """Take the next bytes of a stream. Gives bytes, empty at the end."""

    stream: Stream


@attrs.frozen
class Close:
    """Close a stream, read to its end or not."""

    stream: Stream


@attrs.frozen
class Sleep:
    """Let time pass, in seconds."""

    seconds: float


@attrs.frozen
class Now:
    """Read a clock that never goes backwards. Gives seconds from an arbitrary start."""


@attrs.frozen
class Run:
    """Call a function that may block, off the event loop if there is one. Gives what it returns."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@attrs.frozen
class Notify:
    """Call the caller's own function, and await what it returns where that can be awaited. Gives the result.

    Attributes:
        function: plain, or one that returns an awaitable if the client is the asyncio one.
        arguments: what it is called with.
        blocking: whether a plain function may take long, and should be kept off the event loop.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    blocking: bool = False


@attrs.frozen
class Emit:
    """Hand a value to whoever iterates over the flow."""

    value: Any


Effect: TypeAlias = Open | Read | Close | Sleep | Now | Run | Notify | Emit
Flow: TypeAlias = Generator[Effect, Any, T]


class TransportFailure(Exception):
    """No answer, or only part of one. Drivers throw it into flows; it never leaves them.

    Attributes:
        cause: the HTTP library's exception.
        sent: False if it is certain that no byte of the request left.
    """

    def __init__(self, cause: BaseException, *, sent: bool) -> None:
        text = str(cause).strip()
        super().__init__(f"{type(cause).__name__}: {text}" if text else type(cause).__name__)
        self.cause = cause
        self.sent = sent


class AnswerTooLarge(Exception):
    """The answer went on beyond what an answer may have."""


def send(call: Call, limit: int = REPLY_LIMIT) -> Flow[Reply]:
    """Perform a call and read its answer whole.

    Raises:
        TransportFailure: there was no answer, or only part of one.
        AnswerTooLarge: it has more bytes than the limit.
    """
    deadline = None if call.within is None else (yield from now()) + call.within
    stream: Stream = yield Open(call)
    return (yield from read_whole(stream, limit, deadline))


def read_whole(
    stream: Stream,
    limit: int = REPLY_LIMIT,
    deadline: float | None = None,
    patience: float | None = None,
) -> Flow[Reply]:
    """Read an open answer to its end, and close it; raises what `send` raises.

    Args:
        stream: the answer.
        limit: bytes that it may have.
        deadline: on the clock of `now`, or None.
        patience: seconds from now on in place of a deadline, or None.
    """
    body = bytearray()
    try:
        if patience is not None:
            deadline = (yield from now()) + patience
        while data := (yield Read(stream)):
            body += data
            if len(body) > limit:
                raise AnswerTooLarge(f"the answer is larger than {limit:,} bytes")
            # Bytes that trickle in keep every single read short, so the whole has its own bound.
            if deadline is not None and (yield from now()) > deadline:
                raise TransportFailure(TimeoutError("the answer took too long"), sent=True)
    finally:
        yield Close(stream)
    return Reply(stream.status, stream.headers, bytes(body))


def now() -> Flow[float]:
    """Read the clock, in seconds."""
    seconds: float = yield Now()
    return seconds


def run(function: Callable[..., T], *arguments: Any) -> Flow[T]:
    """Call a function that may block."""
    result: T = yield Run(function, arguments)
    return result
