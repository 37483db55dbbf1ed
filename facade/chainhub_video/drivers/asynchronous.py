"""Performs effects under asyncio, without ever blocking the event loop."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

import httpx

from chainhub_video import io as ask
from chainhub_video import runtime as timing
from chainhub_video.drivers import exchange
from chainhub_video.io import Call, Effect, Flow, Stream
from chainhub_video.settings import Settings

T = TypeVar("T")


class AsyncDriver:
    """Runs flows with an httpx client, or one with its interface. Belongs to one event loop.

    Args:
        settings: the client's.
        client: the caller's own HTTP client, which stays open; None for one of ours.
    """

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self._lent = exchange.lent(client, asynchronous=True)
        self._own: tuple[httpx.AsyncClient, httpx.AsyncClient] | None = None
        self._closed = False

    async def run(self, flow: Flow[T]) -> T:
        """Perform a flow's effects to its end, and return its value."""
        with timing.clock.at_work() as clock:
            try:
                effect = next(flow)
                while True:
                    try:
                        result = await self._perform(effect, clock)
                    except BaseException as error:  # noqa: BLE001 - the flow decides what a cancellation means
                        effect = flow.throw(error)
                    else:
                        effect = flow.send(result)
            except StopIteration as end:
                value: T = end.value
                return value

    async def iterate(self, flow: Flow[Any]) -> AsyncIterator[Any]:
        """Perform a flow's effects, and yield what it emits."""
        with timing.clock.at_work() as clock:
            try:
                effect = next(flow)
                while True:
                    if isinstance(effect, ask.Emit):
                        yield effect.value
                        effect = flow.send(None)
                        continue
                    try:
                        result = await self._perform(effect, clock)
                    except BaseException as error:  # noqa: BLE001 - the flow decides what a cancellation means
                        effect = flow.throw(error)
                    else:
                        effect = flow.send(result)
            except StopIteration:
                return
            finally:
                flow.close()

    async def close(self) -> None:
        """Close our own HTTP clients."""
        self._closed = True
        own, self._own = self._own, None
        for client in own or ():
            await client.aclose()

    async def _perform(self, effect: Effect, clock: timing.Clock) -> Any:
        match effect:
            case ask.Open(call):
                return await self._open(call)
            case ask.Read(stream):
                return await _guarded(stream.handle[2], anext(stream.handle[1], b""))
            case ask.Close(stream):
                await stream.handle[0].aclose()
            case ask.Sleep(seconds):
                await clock.sleep_async(seconds)
            case ask.Now():
                return clock.monotonic()
            case ask.Run(function, arguments):
                return await asyncio.to_thread(function, *arguments)
            case ask.Notify(function, arguments, blocking):
                return await self._notify(function, arguments, blocking=blocking)
            case ask.Emit():
                raise TypeError("a flow that emits must be iterated")
        return None

    async def _open(self, call: Call) -> Stream:
        client = self._client(fresh=call.fresh)
        witness = exchange.Witness(own=self._lent is None)
        request = exchange.built(client, self._settings, call, body=_off_loop)
        if call.fresh:  # what may be sent again at any time needs no witness
            request.extensions["trace"] = witness.note_async
        response = await _guarded(
            witness, client.send(request, stream=True, follow_redirects=False, auth=None)
        )
        handle = (response, response.aiter_bytes(), witness)
        return Stream(response.status_code, exchange.lowered(response.headers), handle)

    async def _notify(self, function: Any, arguments: tuple[Any, ...], *, blocking: bool) -> Any:
        if blocking and not inspect.iscoroutinefunction(function):
            result = await asyncio.to_thread(function, *arguments)
        else:
            result = function(*arguments)
        return await result if inspect.isawaitable(result) else result

    def _client(self, *, fresh: bool) -> httpx.AsyncClient:
        if (lent := exchange.usable(self._lent, closed=self._closed)) is not None:
            return lent  # type: ignore[no-any-return]
        if self._own is None:
            env = self._settings.trust_env
            trust = httpx.create_ssl_context(trust_env=env)
            limits = httpx.Limits(**exchange.FRESH_LIMITS)
            self._own = (
                httpx.AsyncClient(verify=trust, trust_env=env),
                httpx.AsyncClient(verify=trust, trust_env=env, limits=limits),
            )
        return self._own[fresh]


async def _off_loop(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Read a body that blocks in a thread, a block at a time."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


async def _guarded(witness: exchange.Witness, awaitable: Any) -> Any:
    """Await the HTTP library, and let none of its exceptions through."""
    try:
        return await awaitable
    except Exception as error:
        failure = witness.failure(error)
        if failure is None:
            raise
        raise failure from error
