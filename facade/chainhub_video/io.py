"""`IO`: everything that a flow can wait for, as one interface.

A flow is a coroutine that awaits an `IO`, other flows, and nothing else. It knows no client, clock or event loop.
`AsyncIO` suspends it while it waits; `BlockingIO` blocks instead and never suspends it, so the same logic serves both
clients, and a test runs it on an `IO` that answers from a list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar

import attrs

from chainhub_video.text import redacted

P = ParamSpec("P")
T = TypeVar("T")
Kind: TypeAlias = Literal["create", "query", "download"]

_LONGEST_ANSWER = (
    300.0  # seconds that an answer may take to be read whole, if nothing else bounds it
)
SHORTEST = 0.7  # seconds that an exchange gets, however little is left until a deadline
_COMPRESSED = {"gzip": 31, "x-gzip": 31, "deflate": 47}  # how zlib calls what can be read
REPLY_LIMIT = 8_000_000  # bytes of an answer that is read whole


@attrs.frozen
class Call:
    """One HTTP request.

    Attributes:
        arguments: what a generated `get_kwargs` returned: method, url, and params, headers, json or files.
            A relative url goes to the gateway, with the key. An absolute one goes out without it.
        kind: of exchange. A create opens a connection of its own, since a pooled one may have gone stale unnoticed; a
            download brings something of any length.
        read_timeout: seconds to wait for the next bytes of the answer; None for the client's setting.
        within: seconds that bound the whole of the exchange, from the wait for its turn to the last byte of the answer;
            None for the sum of the client's timeouts until the answer begins, and its read timeout for each read after
            that.
        turn_timeout: seconds to wait for its turn if nothing bounds the whole; None for as long as it takes.
        with_key: whether an absolute url gets the key too: it leads to the gateway's own origin.
        public_only: whether it must not lead to this machine or its network.
        on_turn: is awaited when its turn has come, before anything is sent.
        leaving: is called just before the first byte of a create leaves; or at once, where that cannot be seen.
    """

    arguments: Mapping[str, Any]
    kind: Kind = "query"
    read_timeout: float | None = None
    within: float | None = None
    turn_timeout: float | None = None
    with_key: bool = False
    public_only: bool = False
    on_turn: Callable[[], Awaitable[None]] | None = None
    leaving: Callable[[], None] | None = None

    def after(self, seconds: float) -> Call:
        """Return the call with the time that is left for it, once some has passed in waiting for its turn."""
        if self.within is None:
            return self
        return attrs.evolve(self, within=max(min(SHORTEST, self.within), self.within - seconds))


@attrs.frozen
class Reply:
    """An answer that was read whole.

    Attributes:
        status: the HTTP status.
        headers: names in lower case.
        body: the decoded body.
        arrived_as: the status of the HTTP answer, if `status` is another one that the body states.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)
    arrived_as: int | None = None

    def without(self, secret: str) -> Reply:
        """Return the answer without a secret that the server repeats, so that it gets into no message and no file."""
        return attrs.evolve(
            self, body=redacted(self.body.decode("latin-1"), secret).encode("latin-1")
        )


class Stream(Protocol):
    """An answer whose body has not been read yet. It must be closed."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, with their names in lower case."""
        ...

    async def read(self) -> bytes:
        """Return the next bytes as they were sent, empty at the end.

        Raises:
            TransportFailure: the answer broke off, or took too long.
        """
        ...

    async def close(self) -> None:
        """Give the connection back, read to the end or not."""
        ...


class IO(Protocol):
    """Everything that waits, and the clock."""

    def ready(self) -> None:
        """Make the HTTP client now, so that an error in its configuration shows before anything is sent.

        Raises:
            ConfigurationError: it cannot be made.
        """
        ...

    async def open(self, call: Call, /) -> Stream:
        """Send a request, and return its answer with the body unread.

        Raises:
            NoTurn: its turn did not come in time; nothing was sent.
            TransportFailure: there was no answer.
            ConfigurationError: there is nothing to send it with; nothing was sent.
            LocalAddress: it leads to this machine or its network, and must not; nothing was sent.
        """
        ...

    async def sleep(self, seconds: float, /) -> None:
        """Let time pass."""
        ...

    def now(self) -> float:
        """Return seconds from an arbitrary start, never going backwards."""
        ...

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of ours that may block for a moment. A caller who is cancelled waits for it to end."""
        ...

    async def ask(self, function: Callable[..., Any], /, *args: Any, blocks: bool = False) -> Any:
        """Call the caller's own function, or one that only reads; await its result if it is awaitable.

        Args:
            function: plain, or one that returns an awaitable if the client is the asyncio one.
            *args: what it is called with.
            blocks: whether a plain function may take long: it is kept off the event loop, and abandoned when
                the caller is cancelled.
        """
        ...


class TransportFailure(Exception):
    """No answer, or only part of one. It never leaves the flows.

    Attributes:
        cause: the HTTP library's exception.
        sent: False if it is certain that no byte of the request left.
    """

    def __init__(self, cause: BaseException, *, sent: bool) -> None:
        text = str(cause).strip()
        super().__init__(f"{type(cause).__name__}: {text}" if text else type(cause).__name__)
        self.cause = cause
        self.sent = sent


class NoTurn(TransportFailure):
    """The client's limit of exchanges in flight left no room in time. Nothing was sent.

    Args:
        limit: how many that is.
    """

    def __init__(self, limit: int) -> None:
        told = f"{limit} exchanges of this client were in flight all the time (max_in_flight)"
        super().__init__(TimeoutError(told), sent=False)


class LocalAddress(Exception):
    """A link leads to this machine or its network, where the gateway is not. It never leaves the flows."""


class UnreadableAnswer(Exception):
    """The answer went on beyond what an answer may have, or is compressed in a way that was not asked for."""


async def send(io: IO, call: Call, limit: int = REPLY_LIMIT) -> Reply:
    """Perform a call and read its answer whole.

    Raises:
        TransportFailure: there was no answer, or only part of one.
        UnreadableAnswer: it has more bytes than the limit.
    """
    deadline = io.now() + (_LONGEST_ANSWER if call.within is None else call.within)
    return await read_whole(io, await io.open(call), limit, deadline)


async def read_whole(
    io: IO, stream: Stream, limit: int = REPLY_LIMIT, deadline: float | None = None
) -> Reply:
    """Read an open answer to its end, and close it.

    Args:
        io: reads the clock.
        stream: the answer.
        limit: bytes that it may have.
        deadline: on the clock, or None.

    Raises:
        TransportFailure: it broke off, or went on beyond the deadline.
        UnreadableAnswer: it has more bytes than the limit, or is compressed more than once or in another way than gzip.
    """
    body = bytearray()
    try:
        while data := await stream.read():
            body += data
            if len(body) > limit:
                raise UnreadableAnswer(f"the answer is larger than {limit:,} bytes")
            # Bytes that trickle in keep every single read short, so the whole has its own bound.
            if deadline is not None and io.now() > deadline:
                raise TransportFailure(TimeoutError("the answer took too long"), sent=True)
    finally:
        await stream.close()
    return Reply(stream.status, stream.headers, _decompressed(stream, bytes(body), limit))


def _decompressed(stream: Stream, body: bytes, limit: int) -> bytes:
    """Return a body as it was before it was compressed, although nobody asked for that; never more than the limit."""
    encoding = stream.headers.get("content-encoding", "").strip().lower()
    if not body or encoding in ("", "identity"):
        return body
    if encoding not in _COMPRESSED:
        raise UnreadableAnswer(f"the answer is compressed as {encoding[:80]!r}, which is not read")
    import zlib  # servers rarely do what they were not asked for

    try:
        plain = zlib.decompressobj(_COMPRESSED[encoding]).decompress(body, limit + 1)
    except zlib.error as error:
        raise UnreadableAnswer(f"the answer cannot be decompressed ({error})") from error
    if len(plain) > limit:
        raise UnreadableAnswer(f"the answer is larger than {limit:,} bytes")
    return plain
