"""Set and clear faults and read the ledger over HTTP, under `/_sandbox/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chainhub_sandbox.answers import Answer, Refusal, new_request_id
from chainhub_sandbox.errors import InvalidFault
from chainhub_sandbox.faults import Fault, FaultPlan
from chainhub_sandbox.ledger import Ledger
from chainhub_sandbox.server import Server


@dataclass(frozen=True, slots=True)
class ControlAPI:
    """Sets and clears the faults of a running server. All methods are for its event loop.

    Attributes:
        plan: the faults that wait for requests.
        ledger: what arrived.
        server: refuses connections.
        ports: of the gateway and of the link host.
    """

    plan: FaultPlan
    ledger: Ledger
    server: Server
    ports: Sequence[int]

    async def set(self, fault: Fault) -> None:
        """Set a fault; `refuse` takes effect at once."""
        if fault.kind == "refuse":
            port = self.ports[fault.step == "link"]
            await self.server.refuse(port, fault.parameters["seconds"])
        else:
            self.plan.add(fault)

    async def clear(self) -> None:
        """Forget all faults, and accept connections everywhere."""
        self.plan.clear()
        await self.server.accept_all()

    def routes(self) -> list[Route]:
        """Return the routes of the control API."""
        return [
            Route("/_sandbox/ledger", self._show_ledger),
            Route("/_sandbox/faults", self._faults, methods=["GET", "POST", "DELETE"]),
        ]

    async def _show_ledger(self, _: Request) -> Response:
        return Answer(200, self.ledger.as_json()).response()

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            await self.clear()
        elif request.method == "POST":
            try:
                faults = await _faults_in(request)
            except Refusal as refusal:
                return refusal.answer(new_request_id()).response()
            for fault in faults:
                await self.set(fault)
        return Answer(200, {"faults": self.plan.as_json()}).response()


async def _faults_in(request: Request) -> list[Fault]:
    """Return the faults of a request that says it is JSON, which no form of a page can.

    Raises:
        Refusal: it says something else, or holds no faults.
    """
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != "application/json":
        message = (
            f"the Content-Type is {given[:80] or 'none'!r}: send the fault as application/json"
        )
        raise Refusal(415, message, code="not_json")
    try:
        return _parse(await request.body())
    except InvalidFault as error:
        raise Refusal(400, str(error), code="invalid_fault") from None


def _parse(body: bytes) -> list[Fault]:
    """Return the faults of a body, which holds one or a list of them."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidFault(f"the body is not JSON: {error}") from None
    return [Fault.from_json(one) for one in (given if isinstance(given, list) else [given])]
