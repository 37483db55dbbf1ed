"""Exchanges in flight are bounded, first come, first served, and no kind of them starves another."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest
from chainhub_video import ChainHub, ConfigurationError, ConnectionFailed, WaitTimeout
from chainhub_video.drivers.turns import Turn, Turns
from chainhub_video.io import Kind, NoTurn
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answering import say, tell
from tests.support.colours import Colour
from tests.support.crowds import Gate, ask_at_once, closed_gate
from tests.support.drivers import ASYNCIO
from tests.support.receipted import script
from tests.support.scripted import Gateway
from tests.support.videos import MP4, completed
from tests.support.wires import OPENAI

KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A closed gate, which the test opens."""
    with closed_gate() as gate:
        yield gate


@given(
    st.integers(3, 12),
    st.lists(st.tuples(st.booleans(), st.sampled_from(KINDS), st.integers(0, 99)), max_size=80),
)
def test_turns_are_handed_out_in_order_and_never_too_many(
    limit: int, steps: Sequence[tuple[bool, Kind, int]]
) -> None:
    """Whatever comes and goes: the bound holds, each kind keeps its order, and what may begin has begun."""
    turns = Turns(limit)
    alive: list[Turn] = []
    for comes, kind, which in steps:
        if comes or not alive:
            turn = Turn(turns, kind)
            turn.tell = bool
            if not turns.take(turn):
                turns.queue_up(turn)
            alive.append(turn)
        else:
            alive.pop(which % len(alive)).end()
        begun = [turn for turn in alive if turn.has_come]
        assert len(begun) <= limit
        for each in KINDS:
            of_kind = [turn.has_come for turn in alive if turn.kind == each]
            assert of_kind == sorted(of_kind, reverse=True)  # nobody was overtaken
            least = max(1, limit // 4)
            assert sum(of_kind) >= min(least, len(of_kind))  # what is kept for it is there
            if not all(of_kind):  # it waits because all is taken, or kept for the others
                kept = sum(
                    max(0, least - sum(turn.kind == other for turn in begun))
                    for other in KINDS
                    if other != each
                )
                assert len(begun) + kept >= limit


def test_a_turn_that_ends_twice_is_given_back_once() -> None:
    """Closing a stream again does not widen the bound."""
    turns = Turns(3)
    first, second = Turn(turns, "query"), Turn(turns, "query")
    assert not first.wait(None)
    first.end()
    first.end()
    assert not second.wait(None)
    third = Turn(turns, "query")
    with pytest.raises(NoTurn, match="max_in_flight"):
        third.wait(0.01)


def test_a_bound_that_is_none_is_refused() -> None:
    """With the next step in words."""
    told = "max_in_flight must be a whole number of 3 or more"
    for wrong in (0, 2, -1, True, 3.0, "8", None):
        with pytest.raises(ConfigurationError, match=told):
            ChainHub(api_key="k", max_in_flight=wrong)  # type: ignore[arg-type]  # some of them


def test_no_more_than_the_bound_are_in_flight(colour: Colour, gateway: Gateway) -> None:
    """Twenty queries through a client of eight, four of which are kept for creates and downloads: all are answered."""
    with closed_gate(opens_at=4) as gate:
        gateway.on("query", gate.before(tell(OPENAI.seen())))
        assert len(ask_at_once(colour.hub(gateway.url, max_in_flight=8), 20)) == 20
    assert gate.most == 4


def test_a_lent_client_keeps_its_own_limits(colour: Colour, gateway: Gateway) -> None:
    """Through it, more than `max_in_flight` are in flight."""
    with closed_gate(opens_at=12) as gate:
        gateway.on("query", gate.before(tell(OPENAI.seen())))
        hub = colour.hub(gateway.url, max_in_flight=3, http_client=colour.http_client(timeout=60))
        ask_at_once(hub, 12)
    assert gate.most == 12


@ASYNCIO
def test_downloads_that_do_not_end_keep_nobody_else_waiting(
    colour: Colour, gateway: Gateway, gate: Gate, tmp_path: Path, video: bytes
) -> None:
    """With every turn of downloads taken, a task is still created and asked for."""
    gateway.on("content", gate.before(say(200, video, MP4)))
    gateway.on("create", tell(OPENAI.created()))
    gateway.on("query", tell(OPENAI.seen()))
    hub = colour.hub(gateway.url, max_in_flight=4).client
    task = completed(OPENAI, None)

    async def scene() -> None:
        downloads = [
            asyncio.create_task(hub.videos.download(task, tmp_path / f"{number}.mp4"))
            for number in range(6)
        ]
        await asyncio.to_thread(gate.wait_for, 2)
        created = await hub.videos.create(**OPENAI.arguments)
        assert (await hub.videos.retrieve(created)).id == OPENAI.task_id
        assert not any(download.done() for download in downloads)
        gate.open()
        assert {one.size for one in await asyncio.gather(*downloads)} == {len(video)}

    colour.run(scene)
    assert gate.most == 2


def test_a_turn_that_does_not_come_is_told(
    colour: Colour, gateway: Gateway, tmp_path: Path
) -> None:
    """A query and a job whose deadline passes in the queue end in time, and say why; nothing is sent."""
    hub = colour.hub(gateway.url, max_in_flight=3)
    for kind in KINDS:
        Turn(hub.client._driver.turns, kind).wait(None)
    with pytest.raises(ConnectionFailed, match="max_in_flight"):
        hub.videos.retrieve(OPENAI.task(), timeout=0.1)
    with pytest.raises(WaitTimeout, match=r"max_in_flight.*nothing was sent"):
        OPENAI.generate(hub, save_to=tmp_path / "kitten.mp4", timeout=0.1)
    assert gateway.arrived == []
    assert list(tmp_path.iterdir()) == []


@ASYNCIO
def test_a_claim_gets_its_time_when_its_turn_comes(
    colour: Colour, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A create that stood in the queue renews its receipt first: others see how long it may really take."""
    script(gateway, OPENAI, video)
    seen: list[Receipt] = []

    class Watched(LocalReceipt):
        def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
            if new is not None and new.state == "submitting":
                seen.append(new)
            return super().swap(old, new)

    hub = colour.hub(gateway.url, max_in_flight=3, receipts=Watched).client
    turns: Turns = hub._driver.turns

    async def scene() -> None:
        held = Turn(turns, "create")
        await held.wait_async(None)
        job = asyncio.create_task(hub.videos.generate(**OPENAI.arguments, save_to=target))
        while not turns._queues["create"]:  # noqa: ASYNC110 - the queue tells nobody
            await asyncio.sleep(0.001)
        assert len(seen) == 1
        assert gateway.arrived == []
        held.end()
        await job

    colour.run(scene)
    first, renewed = (receipt.expires or "" for receipt in seen)
    assert renewed > first > ""


@ASYNCIO
def test_those_who_leave_the_queue_hold_up_nobody(
    colour: Colour, gateway: Gateway, gate: Gate
) -> None:
    """Of fifty waiting queries, every other one is cancelled: the rest are answered once the gate opens."""
    gateway.on("query", gate.before(tell(OPENAI.seen())))
    hub = colour.hub(gateway.url, max_in_flight=3).client

    async def scene() -> list[Any]:
        calls = [asyncio.create_task(hub.videos.retrieve(OPENAI.task())) for _ in range(50)]
        await asyncio.to_thread(gate.wait_for, 1)
        for call in calls[::2]:
            call.cancel()
        gate.open()
        return await asyncio.gather(*calls, return_exceptions=True)

    left = [isinstance(each, asyncio.CancelledError) for each in colour.run(scene)]
    assert left == [True, False] * 25
    assert sum(hub._driver.turns._taken.values()) == 0
