"""Transports for lent clients that tell of no event, and call whatever goes wrong a failure to connect."""

from __future__ import annotations

import httpx

from tests.support.colours import Colour


def untraced(
    colour: Colour, failure: type[httpx.TransportError]
) -> httpx.BaseTransport | httpx.AsyncBaseTransport:
    """Return a transport without events.

    Args:
        colour: whose clients it is for.
        failure: what it raises in place of every failure of the real transport.
    """
    return (_UntracedAsync if colour.asynchronous else _Untraced)(failure)


class _Untraced(httpx.HTTPTransport):
    def __init__(self, failure: type[httpx.TransportError]) -> None:
        super().__init__()
        self._failure = failure

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions.pop("trace", None)
        try:
            return super().handle_request(request)
        except httpx.TransportError as error:
            raise self._failure(str(error)) from error


class _UntracedAsync(httpx.AsyncHTTPTransport):
    def __init__(self, failure: type[httpx.TransportError]) -> None:
        super().__init__()
        self._failure = failure

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions.pop("trace", None)
        try:
            return await super().handle_async_request(request)
        except httpx.TransportError as error:
            raise self._failure(str(error)) from error
