"""Both origins behind one server."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chainhub_sandbox.answers import MARKS
from chainhub_sandbox.control import Control
from chainhub_sandbox.wires import Wires


class Origins:
    """The gateway and the host of the links as one application: the port decides.

    Every answer is marked, and a connection to an origin that is shut ends with its answer.

    Args:
        gateway: the one.
        links: the other.
        links_port: where the other is.
        wires: the connections.
        control: knows what is shut.
    """

    def __init__(
        self, gateway: ASGIApp, links: ASGIApp, links_port: int, wires: Wires, control: Control
    ) -> None:
        self._gateway = gateway
        self._links = links
        self._links_port = links_port
        self._wires = wires
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *MARKS]
            await send(message)

        port = scope["server"][1]
        with self._wires.busy(scope) as wire:
            await (self._links if port == self._links_port else self._gateway)(
                scope, receive, marked
            )
        if wire is not None and self._control.is_shut(port):
            wire.close()
