"""Bound the whole of an exchange: every operation with a connection gets what is left of the time.

A timeout of the HTTP library counts for a single read, so that a server which sends a byte now and then, or one
interim answer after the other, is never late. The connections of our own clients look at the deadline that the call
has set, and raise TimeoutError when it has passed. An exchange through a lent client for asyncio is cancelled instead.
"""

from __future__ import annotations

import select
import time
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from typing import Any

TOO_LONG = "the exchange took too long as a whole"
_end: ContextVar[float | None] = ContextVar("chainhub_video_deadline", default=None)


class Until:
    """A context in which every operation with a connection ends by a deadline.

    Args:
        end: on `time.monotonic`.
    """

    def __init__(self, end: float) -> None:
        self._end = end

    def __enter__(self) -> None:
        self._token = _end.set(self._end)

    def __exit__(self, *_: object) -> None:
        _end.reset(self._token)


class Within:
    """A context that is cancelled after some seconds, and then raises TimeoutError; for lent clients."""

    def __init__(self, seconds: float) -> None:
        import asyncio  # the blocking client never needs it

        self._scope = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()

    async def __aexit__(self, *raised: Any) -> None:
        try:
            await self._scope.__aexit__(*raised)
        except TimeoutError:
            raise TimeoutError(TOO_LONG) from None


def within_own(_seconds: float) -> AbstractAsyncContextManager[None]:
    """Return the same context for our own clients, whose connections keep the deadline themselves."""
    return nullcontext()


def bound(transport: Any) -> Any:
    """Make the connections of a transport of httpx keep to the deadline, and return it."""
    pool = transport._pool  # httpx has no parameter for the backend of its pools
    pool._network_backend = _Backend(pool._network_backend)
    return transport


def _left(timeout: float | None) -> float | None:
    """Return the seconds that an operation may take.

    Raises:
        TimeoutError: there are none.
    """
    end = _end.get()
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError(TOO_LONG)
    return left if timeout is None else min(timeout, left)


class _Backend:
    """A network backend of httpcore."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> _Stream:
        """Connect; looking up the name is not bounded."""
        return _Stream(self._backend.connect_tcp(host, port, timeout=_left(timeout), **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _Stream:
    """A connection."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        data: bytes = self._stream.read(max(max_bytes, _AT_ONCE), _left(timeout))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes, as many at a time as the system takes without waiting for long."""
        for start in range(0, len(buffer), _PIECE):
            self._stream.write(buffer[start : start + _PIECE], _left(timeout))

    def close(self) -> None:
        """Close it."""
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        """Go on in TLS."""
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Return something about the connection."""
        return self._stream.get_extra_info(info)


_PIECE = 1 << 14  # bytes that are sent under one look at the clock
_AT_ONCE = 1 << 18  # bytes that are received together, if they are there


def bound_async(transport: Any) -> Any:
    """Do the same for a transport of httpx for asyncio."""
    pool = transport._pool  # as above
    pool._network_backend = _AsyncBackend(pool._network_backend)
    return transport


class _AsyncBackend:
    """A network backend of httpcore for asyncio."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, **options: Any
    ) -> _AsyncStream:
        """Connect."""
        stream = await self._backend.connect_tcp(host, port, timeout=_left(timeout), **options)
        return _AsyncStream(stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


class _AsyncStream:
    """A connection under asyncio."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._socket = stream.get_extra_info("socket")

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Receive some bytes."""
        data: bytes = await self._stream.read(max(max_bytes, _AT_ONCE), _left(timeout))
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        await self._stream.write(buffer, _left(timeout))

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _AsyncStream:
        """Go on in TLS; a connection whose handshake is cancelled is closed, which httpcore does not do."""
        try:
            return _AsyncStream(
                await self._stream.start_tls(ssl_context, server_hostname, _left(timeout))
            )
        except BaseException:
            import anyio  # which httpx needs for asyncio

            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        """Return something about the connection."""
        if info != "is_readable":
            return self._stream.get_extra_info(info)
        return _has_something(self._socket)  # anyio asks the system for both addresses first


def _has_something(connection: Any) -> bool:
    """Return whether there is something to be received, or the connection is closed."""
    if connection is None or connection.fileno() < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([connection], [], [], 0)[0])
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))
