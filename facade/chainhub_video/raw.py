"""The generated client with a `repr` that may be logged."""

from __future__ import annotations

from chainhub_api import AuthenticatedClient


class RawClient(AuthenticatedClient):
    """The generated client; its `repr` does not show the key."""

    def __repr__(self) -> str:
        return f"RawClient(base_url={self._base_url!r}, token='***')"
