"""No server keeps a call beyond its deadline, whatever it sends and however slowly, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest
from chainhub_video import AsyncChainHub

from tests.support.colours import DRIVERS
from tests.support.wires import OPENAI

from .calls import CALLS, Call
from .measuring import Cell, applies, measure_all
from .stalls import STALLS

LIMIT = 0.3  # seconds; `python -m tests.hostile.table` takes its time
SLACK = 4.0  # seconds beyond it, for a busy machine: what no deadline ends takes until the server gives up
BUILT = [call for call in CALLS if call.name.startswith(("generate", "create, "))]
"""Those that wait in the same places as the others, which meet all stalls."""


def _check(cells: list[Cell]) -> None:
    """Each ends by its deadline, in a documented error, and leaves no thread, socket or file."""
    found, left = measure_all(cells, LIMIT, SLACK)
    assert len(found) == sum(applies(stall, call) for stall, call, _ in cells)
    assert "\n".join(str(measured) for measured in found if measured.faults()) == ""
    assert left == []


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("call", [each for each in CALLS if each not in BUILT], ids=str)
def test_every_stall_ends(call: Call, driver: str) -> None:
    """No stall of the list keeps a call of one step, through either driver."""
    _check([(stall, call, driver) for stall in STALLS])


@pytest.mark.parametrize("call", BUILT, ids=str)
def test_a_stalled_step_of_generate_ends(call: Call) -> None:
    """Each step of `generate`, and a create of the other format, ends by its deadline in every fourth stall."""
    waiting = [stall for stall in STALLS if not stall.busy]
    _check(list(product(waiting[::4], [call], DRIVERS)))


def test_every_stall_is_met_by_a_call() -> None:
    """No stall of the list is passed over, and none stands in it twice."""
    assert all(any(applies(stall, call) for call in CALLS) for stall in STALLS)
    assert len({stall.name for stall in STALLS}) == len(STALLS)


def test_a_cancelled_handshake_leaves_no_connection() -> None:
    """The connection is closed although the error, which holds every frame on the way, is kept."""
    asyncio.run(_cancel_a_handshake())


async def _cancel_a_handshake() -> None:
    greeted, closed = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read(1)
        greeted.set()
        while await reader.read(1 << 16):
            pass
        closed.set()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        hub = AsyncChainHub(base_url=f"https://127.0.0.1:{port}", api_key="k")
        call = asyncio.create_task(hub.videos.retrieve(OPENAI.task()))
        await greeted.wait()
        call.cancel()
        kept = (await asyncio.gather(call, return_exceptions=True))[0]
        assert isinstance(kept, asyncio.CancelledError)
        await asyncio.wait_for(closed.wait(), 10)
        await hub.close()
