"""One blocking-looking client for both drivers, so that every scenario runs through each of them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
from chainhub_video import AsyncChainHub, ChainHub, PollPolicy, RetryPolicy

DRIVERS = ("blocking", "asyncio")
RETRY = RetryPolicy(first=0.002, maximum=0.004, jitter=0)
POLL = PollPolicy(first=0.0, interval=0.002, minimum=0.0, jitter=0, settle=0.1)


class Colour:
    """A driver under test: makes clients whose calls all look blocking.

    Attributes:
        name: `blocking` or `asyncio`.
        asynchronous: whether it is the latter.
    """

    def __init__(self, name: str, closing: ExitStack) -> None:
        self.name = name
        self.asynchronous = name == "asyncio"
        self._closing = closing
        self._runner = closing.enter_context(asyncio.Runner()) if self.asynchronous else None

    def hub(self, base_url: str, **options: Any) -> Hub:
        """A client for an address, with short pauses."""
        settings = {"api_key": "the-key", "retry": RETRY, "poll": POLL, **options}
        client = (AsyncChainHub if self.asynchronous else ChainHub)(base_url=base_url, **settings)
        self._closing.callback(lambda: self.finish(client.close()))
        return Hub(client, self)

    def http_client(self, library: Any = httpx, **options: Any) -> Any:
        """A client of an HTTP library, to be lent."""
        if self.asynchronous:
            client = library.AsyncClient(**options)
            self._closing.callback(lambda: self.finish(client.aclose()))
            return client
        return self._closing.enter_context(library.Client(**options))

    def finish(self, result: Any) -> Any:
        """Bring what a call returned to its end: await it, collect it, or take it as it is."""
        if self._runner is None:
            return result
        if inspect.isasyncgen(result):
            return self._steps(result)
        if inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        return result

    def run(self, function: Callable[[], Awaitable[Any]]) -> Any:
        """Run a coroutine function on the loop that the clients of this colour live on."""
        assert self._runner is not None
        return self._runner.run(_awaited(function()))

    def _steps(self, iterator: Any) -> Iterator[Any]:
        try:
            while True:
                try:
                    value = self.finish(anext(iterator))
                except StopAsyncIteration:
                    return
                yield value
        finally:
            self.finish(iterator.aclose())


class Hub:
    """A client of either colour whose calls block.

    Attributes:
        client: the real one.
        videos: its calls, brought to their ends.
    """

    def __init__(self, client: Any, colour: Colour) -> None:
        self.client = client
        self.colour = colour
        self.videos: Any = _Calls(client.videos, colour)

    def close(self) -> None:
        """Close the client."""
        self.colour.finish(self.client.close())


class _Calls:
    def __init__(self, videos: Any, colour: Colour) -> None:
        self._videos = videos
        self._colour = colour

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._videos, name)
        return lambda *args, **kwargs: self._colour.finish(method(*args, **kwargs))


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
