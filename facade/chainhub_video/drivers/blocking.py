"""Performs effects by blocking the calling thread."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from threading import Lock
from typing import Any, TypeVar

import httpx

from chainhub_video import io as ask
from chainhub_video import runtime as timing
from chainhub_video.drivers import exchange
from chainhub_video.io import Call, Effect, Flow, Stream
from chainhub_video.settings import Settings

T = TypeVar("T")


class BlockingDriver:
    """Runs flows with an httpx client, or one with its interface. Usable from many threads.

    Args:
        settings: the client's.
        client: the caller's own HTTP client, which stays open; None for one of ours.
    """

    def __init__(self, settings: Settings, client: httpx.Client | None = None) -> None:
        self._settings = settings
        self._lent = exchange.lent(client, asynchronous=False)
        self._own: tuple[httpx.Client, httpx.Client] | None = None
        self._lock = Lock()
        self._closed = False

    def run(self, flow: Flow[T]) -> T:
        """Perform a flow's effects to its end, and return its value."""
        with timing.clock.at_work() as clock:
            try:
                effect = next(flow)
                while True:
                    effect = self._advance(flow, effect, clock)
            except StopIteration as end:
                value: T = end.value
                return value

    def iterate(self, flow: Flow[Any]) -> Iterator[Any]:
        """Perform a flow's effects, and yield what it emits."""
        with timing.clock.at_work() as clock:
            try:
                effect = next(flow)
                while True:
                    if isinstance(effect, ask.Emit):
                        yield effect.value
                        effect = flow.send(None)
                    else:
                        effect = self._advance(flow, effect, clock)
            except StopIteration:
                return
            finally:
                flow.close()

    def close(self) -> None:
        """Close our own HTTP clients."""
        with self._lock:
            self._closed = True
            for client in self._own or ():
                client.close()
            self._own = None

    def _advance(self, flow: Flow[Any], effect: Effect, clock: timing.Clock) -> Effect:
        try:
            result = self._perform(effect, clock)
        except BaseException as error:  # noqa: BLE001 - the flow decides what an interruption means
            return flow.throw(error)
        return flow.send(result)

    def _perform(self, effect: Effect, clock: timing.Clock) -> Any:
        match effect:
            case ask.Open(call):
                return self._open(call)
            case ask.Read(stream):
                return _guarded(stream.handle[2], next, stream.handle[1], b"")
            case ask.Close(stream):
                stream.handle[0].close()
            case ask.Sleep(seconds):
                clock.sleep(seconds)
            case ask.Now():
                return clock.monotonic()
            case ask.Run(function, arguments):
                return function(*arguments)
            case ask.Notify(function, arguments):
                return self._notify(function, arguments)
            case ask.Emit():
                raise TypeError("a flow that emits must be iterated")
        return None

    def _open(self, call: Call) -> Stream:
        client = self._client(fresh=call.fresh)
        witness = exchange.Witness(own=self._lent is None)
        request = exchange.built(client, self._settings, call, body=iter)
        if call.fresh:  # what may be sent again at any time needs no witness
            request.extensions["trace"] = witness.note
        response = _guarded(
            witness, client.send, request, stream=True, follow_redirects=False, auth=None
        )
        handle = (response, response.iter_bytes(), witness)
        return Stream(response.status_code, exchange.lowered(response.headers), handle)

    def _notify(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        result = function(*arguments)
        if inspect.isawaitable(result):
            if inspect.iscoroutine(result):
                result.close()
            raise TypeError(f"{function!r} is asynchronous: use it with AsyncChainHub")
        return result

    def _client(self, *, fresh: bool) -> httpx.Client:
        with self._lock:
            if (lent := exchange.usable(self._lent, closed=self._closed)) is not None:
                return lent  # type: ignore[no-any-return]
            if self._own is None:
                env = self._settings.trust_env
                trust = httpx.create_ssl_context(trust_env=env)
                limits = httpx.Limits(**exchange.FRESH_LIMITS)
                self._own = (
                    httpx.Client(verify=trust, trust_env=env),
                    httpx.Client(verify=trust, trust_env=env, limits=limits),
                )
            return self._own[fresh]


def _guarded(witness: exchange.Witness, function: Any, *arguments: Any, **named: Any) -> Any:
    """Call into the HTTP library, and let none of its exceptions through."""
    try:
        return function(*arguments, **named)
    except Exception as error:
        failure = witness.failure(error)
        if failure is None:
            raise
        raise failure from error
