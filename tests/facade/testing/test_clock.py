"""The virtual clock: sleeps end at once, in their order, and time passes once for all who sleep."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from chainhub_sandbox import VirtualClock

YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that moves by sleeping only."""
    return VirtualClock(start=YEAR)


def test_a_sleep_takes_virtual_time_only(clock: VirtualClock) -> None:
    """Ten minutes pass on the clock, and none for real."""
    began = time.monotonic()
    clock.sleep(600)
    assert time.monotonic() - began < 0.9
    assert (clock.monotonic(), clock.time()) == (600, YEAR.timestamp() + 600)


def test_without_a_start_real_time_goes_on() -> None:
    """Between sleeps the clock runs as the system's does, and shows its time of day."""
    clock = VirtualClock()
    assert clock.time() == pytest.approx(time.time(), abs=1)
    before = clock.monotonic()
    clock.sleep(60)
    time.sleep(0.02)
    assert 60.02 <= clock.monotonic() - before < 61
    assert clock.time() - time.time() == pytest.approx(60, abs=0.1)


def test_time_passes_once_for_two_threads(clock: VirtualClock) -> None:
    """Two threads that work and sleep side by side take the longer one's time, not the sum."""
    together = threading.Barrier(2)
    woken: list[tuple[float, str]] = []

    def work(name: str, pause: float, times: int) -> None:
        with clock.at_work():
            together.wait()
            for _ in range(times):
                clock.sleep(pause)
                woken.append((clock.monotonic(), name))

    with ThreadPoolExecutor(2) as beside:
        for done in [beside.submit(work, "a", 10, 3), beside.submit(work, "b", 15, 2)]:
            done.result(5)
    assert sorted(woken) == [(10, "a"), (15, "b"), (20, "a"), (30, "a"), (30, "b")]


def test_time_passes_once_for_many_tasks(clock: VirtualClock) -> None:
    """A thousand asyncio tasks wake in the order of their times, and take the longest one's."""
    woken: list[int] = []

    async def nap(seconds: int) -> None:
        with clock.at_work():
            await asyncio.sleep(0)
            await clock.sleep_async(seconds)
            woken.append(seconds)

    async def all_naps() -> None:
        await asyncio.gather(*(nap(1000 - number) for number in range(1000)))

    asyncio.run(all_naps())
    assert woken == sorted(woken)
    assert clock.monotonic() == 1000


def test_other_tasks_get_their_turn(clock: VirtualClock) -> None:
    """Somebody who sleeps in a loop does not keep the event loop from others."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def sleep() -> None:
        counting = asyncio.create_task(count())
        for _ in range(50):
            await clock.sleep_async(1)
        counting.cancel()

    asyncio.run(sleep())
    assert turns >= 50


def test_nobody_waits_for_ever_for_one_that_works(clock: VirtualClock) -> None:
    """Somebody who neither sleeps nor ends holds the others up for a second, and no longer."""
    done = threading.Event()

    def stuck() -> None:
        with clock.at_work():
            done.wait(10)

    thread = threading.Thread(target=stuck)
    thread.start()
    began = time.monotonic()
    with clock.at_work():
        clock.sleep(600)
        clock.sleep(600)
    took = time.monotonic() - began
    done.set()
    thread.join()
    assert 0.9 < took < 1.9
    assert clock.monotonic() == 1200


def test_an_interrupted_sleep_moves_nothing(clock: VirtualClock) -> None:
    """A sleep that is cancelled is forgotten: later sleeps end at their own times."""

    async def cancelled() -> None:
        clock.pause()
        sleeping = asyncio.create_task(clock.sleep_async(50))
        await asyncio.sleep(0.01)
        sleeping.cancel()
        await asyncio.gather(sleeping, return_exceptions=True)
        clock.resume()

    asyncio.run(cancelled())
    assert clock.monotonic() == 0
    clock.sleep(80)
    assert clock.monotonic() == 80


def test_advance_wakes_each_at_its_own_time(clock: VirtualClock) -> None:
    """While time is paused, `advance` alone moves it, past each waking in between, and waits for who woke."""
    woken: list[float] = []

    def work() -> None:
        with clock.at_work():
            for _ in range(3):
                clock.sleep(40)
                woken.append(clock.monotonic())

    clock.pause()
    with ThreadPoolExecutor(1) as beside:
        working = beside.submit(work)
        while not clock._sleepers:
            time.sleep(0.001)
        clock.advance(39)
        assert woken == []
        clock.advance(42)
        assert woken == [40, 80]
        assert clock.monotonic() == 81
        clock.resume()
        working.result(5)
    assert woken == [40, 80, 120]


def test_time_never_goes_backwards(clock: VirtualClock) -> None:
    """A negative step is refused, and a negative sleep is none."""
    with pytest.raises(ValueError, match="never goes backwards"):
        clock.advance(-1)
    clock.sleep(-5)
    assert clock.monotonic() == 0
