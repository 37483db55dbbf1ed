"""Set and clear faults and read the ledger over HTTP, under `/_sandbox/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chainhub_sandbox.answers import Answer, Refusal
from chainhub_sandbox.faults import Fault, InvalidFault, Plan
from chainhub_sandbox.ledger import Ledger
from chainhub_sandbox.requests import new_request_id
from chainhub_sandbox.server import Doors, Wires


class Control:
    """Everything under `/_sandbox/`. All methods are for the server's loop.

    Args:
        plan: the faults that are set.
        ledger: what arrived.
    """

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._plan = plan
        self._ledger = ledger
        self._wires: Wires | None = None
        self._doors: Doors | None = None
        self._ports: Sequence[int] = ()

    def connect(self, wires: Wires, doors: Doors, ports: Sequence[int]) -> None:
        """Takes over a server: its connections, its doors, the gateway's port, and that of the links."""
        self._wires, self._doors, self._ports = wires, doors, ports

    async def hang_up(self) -> None:
        """Ends the connections that hang."""
        if self._wires is not None:
            self._wires.hang_up()

    def is_shut(self, port: int) -> bool:
        """Whether connections to a port are refused."""
        return self._doors is not None and self._doors.is_shut(port)

    async def set(self, fault: Fault) -> None:
        """Sets a fault; one that shuts a door does it at once."""
        if fault.kind != "refuse":
            self._plan.add(fault)
        elif self._doors is not None:
            port = self._ports[1 if fault.step == "link" else 0]
            await self._doors.shut(port, fault.parameters["seconds"])

    async def clear(self) -> None:
        """Forgets all faults, and opens the doors that are shut."""
        self._plan.clear()
        if self._doors is not None:
            await self._doors.open_all()

    def routes(self) -> list[Route]:
        """The desk's URLs."""
        return [
            Route("/_sandbox/ledger", self._show_ledger),
            Route("/_sandbox/faults", self._faults, methods=["GET", "POST", "DELETE"]),
        ]

    async def _show_ledger(self, _: Request) -> Response:
        return Answer(200, self._ledger.as_json()).response()

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            await self.clear()
        elif request.method == "POST":
            try:
                given = _documents(await request.body())
                faults = [Fault.from_json(document) for document in given]
            except InvalidFault as error:
                refusal = Refusal(400, str(error), code="invalid_fault")
                return refusal.answer(new_request_id()).response()
            for fault in faults:
                await self.set(fault)
        return Answer(200, {"faults": self._plan.as_json()}).response()


def _documents(body: bytes) -> list[Any]:
    """One fault, or a list of them."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidFault(f"the body is not JSON: {error}") from None
    return given if isinstance(given, list) else [given]
