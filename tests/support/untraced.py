"""Transports for lent clients that tell of no event, and may call every failure by one name."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import httpx

from tests.support.colours import Colour


def untraced(
    colour: Colour, failure: type[Exception] | None = None, library: ModuleType = httpx
) -> Any:
    """Return a transport that keeps the library from hearing that anybody listens.

    Args:
        colour: whose clients it is for.
        failure: what it raises in place of every failure of the real transport; None for that failure itself.
        library: httpx, or httpx2.
    """
    base = library.AsyncHTTPTransport if colour.asynchronous else library.HTTPTransport
    known = library.TransportError

    class Untraced(base):  # type: ignore[misc, valid-type]  # of either library and driver
        def handle_request(self, request: Any) -> Any:
            request.extensions.pop("trace", None)
            try:
                return super().handle_request(request)
            except known as error:
                raise (failure(str(error)) if failure else error) from error

        async def handle_async_request(self, request: Any) -> Any:
            request.extensions.pop("trace", None)
            try:
                return await super().handle_async_request(request)
            except known as error:
                raise (failure(str(error)) if failure else error) from error

    return Untraced()
