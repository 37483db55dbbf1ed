"""The generated client, set up like the facade, with a `repr` that may be logged."""

from __future__ import annotations

import httpx
from chainhub_api import AuthenticatedClient

from .settings import Settings


class RawClient(AuthenticatedClient):
    """The generated client; its `repr` does not show the key."""

    def __repr__(self) -> str:
        return f"RawClient(base_url={self._base_url!r}, token='***')"


def raw_client(settings: Settings) -> RawClient:
    """Return a generated client for the same address, with the same key and timeouts."""
    limits = settings.timeouts
    timeout = httpx.Timeout(limits.read, connect=limits.connect, write=limits.write)
    return RawClient(base_url=settings.base_url, token=settings.api_key, timeout=timeout)
