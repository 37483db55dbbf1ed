"""Exchanges in flight are bounded, first come, first served, and no kind of them starves another."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import pytest
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ConfigurationError,
    ConnectionFailed,
    TaskStatus,
    WaitTimeout,
)
from chainhub_video.drivers.turns import Turn, Turns
from chainhub_video.io import Kind, NoTurn
from chainhub_video.receipts.file import LocalReceipt
from chainhub_video.receipts.receipt import Receipt
from hypothesis import given
from hypothesis import strategies as st

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.colours import POLL, RETRY, Colour
from tests.support.scripted import Gateway
from tests.support.videos import MP4
from tests.support.wires import OPENAI

KINDS: tuple[Kind, ...] = get_args(Kind)


class Gate:
    """Answers that are held back until it opens; counts how many are held at once."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._open = False
        self._held = 0
        self.most = 0

    def before(self, answer: Answer) -> Answer:
        """The same answer, held back."""

        def play(wire: socket.socket, arrived: Arrived) -> bool:
            with self._lock:
                self._held += 1
                self.most = max(self.most, self._held)
                self._lock.notify_all()
                self._lock.wait_for(lambda: self._open, 60)
                self._held -= 1
            return answer.play(wire, arrived)

        return Answer(play)

    def wait_for(self, held: int) -> None:
        """Return once so many are held back."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._held >= held, 60)

    def open_once(self, held: int) -> None:
        """Let all go once so many are held back."""
        self.wait_for(held)
        self.open()

    def open(self) -> None:
        """Let all go."""
        with self._lock:
            self._open = True
            self._lock.notify_all()


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A closed gate, which opens in the end, so that no connection is held for ever."""
    made = Gate()
    yield made
    made.open()


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


@pytest.mark.parametrize("wrong", [0, 2, -1, True, 3.0, "8", None])
def test_a_bound_that_is_none_is_refused(wrong: Any) -> None:
    """With the next step in words."""
    with pytest.raises(
        ConfigurationError, match="max_in_flight must be a whole number of 3 or more"
    ):
        ChainHub(api_key="k", max_in_flight=wrong)


@pytest.mark.parametrize("driver", ["blocking", "asyncio"])
def test_no_more_than_the_bound_are_in_flight(gateway: Gateway, gate: Gate, driver: str) -> None:
    """Twenty queries through a client of eight, four of which are kept for creates and downloads: all are answered."""
    gateway.on("query", gate.before(tell(OPENAI.seen())))
    watcher = threading.Thread(target=gate.open_once, args=(4,))
    watcher.start()
    if driver == "blocking":
        with (
            ChainHub(base_url=gateway.url, api_key="the-key", max_in_flight=8) as hub,
            ThreadPoolExecutor(20) as pool,
        ):
            seen = list(pool.map(hub.videos.retrieve, [OPENAI.task()] * 20))
    else:
        seen = asyncio.run(_retrieved(gateway.url, 20, max_in_flight=8))
    watcher.join()
    assert len(seen) == 20
    assert gate.most == 4


async def _retrieved(url: str, count: int, **options: Any) -> list[Any]:
    async with AsyncChainHub(base_url=url, api_key="the-key", **options) as hub:
        return await asyncio.gather(*(hub.videos.retrieve(OPENAI.task()) for _ in range(count)))


def test_downloads_that_do_not_end_keep_nobody_else_waiting(
    gateway: Gateway, gate: Gate, tmp_path: Path, video: bytes
) -> None:
    """With every turn of downloads taken, a task is still created and asked for."""
    gateway.on("content", gate.before(say(200, video, MP4)))
    gateway.on("create", tell(OPENAI.created()))
    gateway.on("query", tell(OPENAI.seen()))
    task = OPENAI.task(status=TaskStatus.COMPLETED, raw_status="completed")

    async def scene() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", max_in_flight=4) as hub:
            downloads = [
                asyncio.create_task(hub.videos.download(task, tmp_path / f"{number}.mp4"))
                for number in range(6)
            ]
            await asyncio.to_thread(gate.wait_for, 2)
            created = await OPENAI.create(hub)  # type: ignore[misc]
            assert (await hub.videos.retrieve(created)).id == OPENAI.task_id
            assert not any(download.done() for download in downloads)
            gate.open()
            saved = await asyncio.gather(*downloads)
            assert {one.size for one in saved} == {len(video)}

    asyncio.run(scene())
    assert gate.most == 2


@pytest.mark.parametrize("driver", ["blocking", "asyncio"])
def test_a_turn_that_does_not_come_is_told(
    gateway: Gateway, gate: Gate, tmp_path: Path, driver: str
) -> None:
    """A query and a job whose deadline passes in the queue end in time, and say why; nothing is sent."""
    gateway.on("query", gate.before(tell(OPENAI.seen())))
    gateway.on("create", gate.before(tell(OPENAI.created())))
    with ExitStack() as closing:
        hub: Any = Colour(driver, closing).hub(gateway.url, max_in_flight=3)
        turns: Turns = hub.client._driver.turns
        for kind in KINDS:
            Turn(turns, kind).wait(None)
        with pytest.raises(ConnectionFailed, match="max_in_flight"):
            hub.videos.retrieve(OPENAI.task(), timeout=0.1)
        with pytest.raises(WaitTimeout, match=r"max_in_flight.*nothing was sent"):
            OPENAI.generate(hub, save_to=tmp_path / "kitten.mp4", timeout=0.1)
    assert gateway.arrived == []
    assert list(tmp_path.iterdir()) == []


def test_a_claim_gets_its_time_when_its_turn_comes(
    gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """A create that stood in the queue renews its receipt first: others see how long it may really take."""
    gateway.on("create", tell(OPENAI.created()))
    gateway.on("query", tell(OPENAI.seen("completed")))
    gateway.on("content", say(200, video, MP4))
    seen: list[Receipt] = []
    claimed = threading.Event()

    class Watched(LocalReceipt):
        def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
            if new is not None and new.state == "submitting":
                seen.append(new)
                claimed.set()
            return super().swap(old, new)

    async def scene() -> None:
        options: dict[str, Any] = {"retry": RETRY, "poll": POLL, "receipts": Watched}
        async with AsyncChainHub(
            base_url=gateway.url, api_key="the-key", max_in_flight=3, **options
        ) as hub:
            turns = hub._driver.turns
            held = Turn(turns, "create")
            await held.wait_async(None)
            job = asyncio.create_task(OPENAI.generate(hub, save_to=tmp_path / "kitten.mp4"))
            await asyncio.to_thread(claimed.wait, 60)
            await asyncio.sleep(0.2)
            assert len(seen) == 1
            assert gateway.arrived == []
            held.end()
            assert (await job).size == len(video)

    asyncio.run(scene())
    first, renewed = seen
    assert first.expires is not None
    assert renewed.expires is not None
    assert renewed.expires > first.expires


def test_those_who_leave_the_queue_hold_up_nobody(gateway: Gateway, gate: Gate) -> None:
    """Of fifty waiting queries, every other one is cancelled: the rest are answered once the gate opens."""
    gateway.on("query", gate.before(tell(OPENAI.seen())))

    async def scene() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", max_in_flight=3) as hub:
            calls = [asyncio.create_task(hub.videos.retrieve(OPENAI.task())) for _ in range(50)]
            await asyncio.to_thread(gate.wait_for, 1)
            for call in calls[::2]:
                call.cancel()
            gate.open()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [isinstance(each, asyncio.CancelledError) for each in ended] == [
                True,
                False,
            ] * 25
            assert hub._driver.turns is not None
            assert sum(hub._driver.turns._taken.values()) == 0

    asyncio.run(scene())


def test_a_lent_client_keeps_its_own_limits(gateway: Gateway, gate: Gate) -> None:
    """Through it, more than `max_in_flight` are in flight."""
    import httpx

    gateway.on("query", gate.before(tell(OPENAI.seen())))

    async def scene() -> None:
        async with httpx.AsyncClient() as lent:
            call = asyncio.create_task(
                _retrieved(gateway.url, 12, max_in_flight=3, http_client=lent)
            )
            await asyncio.to_thread(gate.wait_for, 12)
            gate.open()
            await call

    asyncio.run(scene())
