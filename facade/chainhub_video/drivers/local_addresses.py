"""Refuse connections of links to this machine or its network, by the events of the transport.

A name may resolve to a local address, and to another one a moment later. So its addresses are looked at before the
connection is made, and the address that was really reached again before anything is sent. A proxy resolves names
itself, so the connection to it is not looked at; nor are those of a lent client that gives no events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainhub_video.addresses import addresses_of, any_local, resolves_locally
from chainhub_video.io import LocalAddress

_STARTED, _COMPLETE = "connection.connect_tcp.started", "connection.connect_tcp.complete"


class LocalAddressCheck:
    """A check of the connection of one request.

    Args:
        host: where the request goes.
        gateway: the gateway's host: where it is on the local network itself, links may lead there too.
    """

    def __init__(self, host: str, gateway: str) -> None:
        self._host = host
        self._gateway = gateway
        self._direct = False

    def record(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of a blocking transport.

        Raises:
            LocalAddress: the connection leads to a local address.
        """
        if event == _STARTED and self._starts(info):
            self._check(addresses_of(self._host))
        elif event == _COMPLETE and self._direct:
            try:
                self._check(_peer(info))
            except LocalAddress:
                info["return_value"].close()
                raise

    async def record_async(self, event: str, info: Mapping[str, Any]) -> None:
        """Take an event of an asyncio transport.

        Raises:
            LocalAddress: the connection leads to a local address.
        """
        import asyncio  # the blocking client never needs it

        if event == _STARTED and self._starts(info):
            await asyncio.to_thread(lambda: self._check(addresses_of(self._host)))
        elif event == _COMPLETE and self._direct:
            try:
                await asyncio.to_thread(self._check, _peer(info))
            except LocalAddress:
                await info["return_value"].aclose()
                raise

    def _starts(self, info: Mapping[str, Any]) -> bool:
        self._direct = info.get("host") == self._host
        return self._direct

    def _check(self, addresses: list[str]) -> None:
        if any_local(addresses) and not resolves_locally(self._gateway):
            raise LocalAddress(self._host)


def _peer(info: Mapping[str, Any]) -> list[str]:
    """Return the address that a new connection has reached."""
    reached = info["return_value"].get_extra_info("server_addr")
    return [str(reached[0])] if reached else []
