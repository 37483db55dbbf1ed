"""What the fixtures promise to an app's tests, in the process of the tests."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox, SandboxError, VirtualClock
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    TaskFailed,
    TaskStatus,
    VideoTask,
    WaitTimeout,
)
from chainhub_video.testing import sandboxed

from tests.support.places import KITTEN

UNIFIED: dict[str, Any] = {"model": "grok-video-3", "aspect_ratio": "3:2"}
OPENAI: dict[str, Any] = {"model": "veo_3_1", "size": "1280x720", "seconds": 8, "image": KITTEN}


@pytest.mark.parametrize(("fields", "lasts"), [(OPENAI, 480), (UNIFIED, 600)])
def test_ten_minutes_take_milliseconds(
    chainhub_sandbox: Sandbox, tmp_path: Path, fields: dict[str, Any], lasts: int
) -> None:
    """An app's own client waits eight or ten virtual minutes for its video, sees each state, and pays once."""
    seen: list[VideoTask] = []
    began, virtually = time.monotonic(), chainhub_sandbox.clock.monotonic()
    with ChainHub() as hub:
        saved = hub.videos.generate(
            "A kitten", **fields, save_to=tmp_path / "k.mp4", on_update=seen.append
        )
    assert time.monotonic() - began < 5
    assert lasts <= chainhub_sandbox.clock.monotonic() - virtually < lasts + 60
    assert saved.path.stat().st_size > 1000
    assert len({task.raw_status for task in seen}) >= 4
    assert chainhub_sandbox.paid == 1


def test_many_at_once_take_the_time_of_one(
    chainhub_sandbox: Sandbox, async_chainhub: AsyncChainHub
) -> None:
    """Twelve tasks that are awaited together take ten virtual minutes together, and none meets its deadline.

    The client of the fixture works under `asyncio.run` again and again, and leaves no connection behind.
    """

    async def one(number: int) -> VideoTask:
        task = await async_chainhub.videos.create(f"kitten {number % 2}", **UNIFIED)
        return await async_chainhub.videos.wait(task, timeout=700)

    async def twelve() -> list[VideoTask]:
        return await asyncio.gather(*map(one, range(12)))

    began = chainhub_sandbox.clock.monotonic()
    assert {task.status for task in asyncio.run(twelve())} == {TaskStatus.COMPLETED}
    assert chainhub_sandbox.clock.monotonic() - began < 640
    assert asyncio.run(one(13)).done


def test_threads_share_the_time(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """Four threads that wait for a task each do not multiply the time either."""

    def one(number: int) -> VideoTask:
        return chainhub.videos.wait(chainhub.videos.create(f"{number}", **UNIFIED), timeout=700)

    with ThreadPoolExecutor(4) as beside:
        assert all(task.done for task in beside.map(one, range(4)))
    assert chainhub_sandbox.paid == 4


def test_time_never_outruns_the_renderer(
    chainhub: ChainHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow rendering is waited for: the query at the end of the walk says completed, not 99 %."""
    from chainhub_sandbox import clips

    render = clips.render

    def slow(*arguments: Any) -> None:
        time.sleep(0.4)
        render(*arguments)

    monkeypatch.setattr(clips, "render", slow)
    seen: list[VideoTask] = []
    chainhub.videos.wait(chainhub.videos.create("slow", **UNIFIED), on_update=seen.append)
    assert [task.raw_status for task in seen][-2:] == ["video_upsampling", "completed"]
    assert all(task.progress != 0.99 for task in seen)


def test_a_broken_renderer_ends_the_walk(
    chainhub: ChainHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task whose clip cannot be made fails when its walk is over, the same way in every run."""

    def broken(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("chainhub_sandbox.clips.render", broken)
    seen: list[VideoTask] = []
    with pytest.raises(TaskFailed, match="no space left"):
        chainhub.videos.wait(chainhub.videos.create("broken", **UNIFIED), on_update=seen.append)
    assert [task.raw_status for task in seen][-2:] == ["video_upsampling", "failed"]


def test_a_held_task_meets_the_deadline(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """Twenty virtual minutes end in WaitTimeout at once; released, the task goes on from where it stood.

    Held without a task, the sandbox holds those to come as well, until all are released.
    """
    held = chainhub.videos.create("held", **UNIFIED)
    free = chainhub.videos.create("free", **UNIFIED)
    chainhub_sandbox.hold(held)
    began = time.monotonic()
    with pytest.raises(WaitTimeout, match="1198 s"):
        chainhub.videos.wait(held)
    assert time.monotonic() - began < 2
    assert chainhub.videos.retrieve(free).done
    chainhub_sandbox.release(held)
    assert chainhub.videos.retrieve(held).raw_status == "pending"
    assert chainhub.videos.wait(held).done
    chainhub_sandbox.hold()
    later = chainhub.videos.create("later", **UNIFIED)
    for done in (False, True):
        chainhub_sandbox.advance(10_000)
        assert chainhub.videos.retrieve(later).done is done
        chainhub_sandbox.release()


def test_advance_walks_a_task(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """Time that a test lets pass takes a task from state to state."""
    task = chainhub.videos.create("step by step", **UNIFIED)
    words = (
        "pending processing video_generating video_generation_completed video_upsampling completed"
    )
    for word in words.split():
        assert chainhub.videos.retrieve(task).raw_status == word
        chainhub_sandbox.advance(120)


@pytest.mark.parametrize("fields", [OPENAI, UNIFIED])
def test_finish_and_fail(
    chainhub_sandbox: Sandbox, chainhub: ChainHub, fields: dict[str, Any]
) -> None:
    """A finished task is completed in the very next query, a failed one has the reason; ids and tasks both do."""
    good, bad = (chainhub.videos.create(prompt, **fields) for prompt in ("good", "bad"))
    chainhub_sandbox.finish(good)
    chainhub_sandbox.fail(bad.id, "No fish.")
    assert chainhub.videos.retrieve(good).status is TaskStatus.COMPLETED
    failed = chainhub.videos.retrieve(bad)
    assert (failed.status, failed.failure_reason) == (TaskStatus.FAILED, "No fish.")
    assert [task.status for task in chainhub_sandbox.tasks] == ["completed", "failed"]


def test_finish_works_in_real_time(tmp_path: Path) -> None:
    """With a real clock a slow task can be finished too, and its times are not in the future."""
    with Sandbox(fast=True, pace=600) as gateway:
        with ChainHub(base_url=gateway.url, api_key="sandbox") as hub:
            task = hub.videos.create("now", **UNIFIED)
            gateway.finish(task)
            done = hub.videos.retrieve(task)
            assert done.updated_at is not None
            assert done.updated_at.timestamp() == pytest.approx(time.time(), abs=20)
            assert hub.videos.download(done, tmp_path / "k.mp4").size > 1000
        with pytest.raises(SandboxError, match=r"Sandbox\(clock=VirtualClock\(\)\)"):
            gateway.advance(1)
        with pytest.raises(SandboxError, match="time is real"), gateway.paused():
            pass


def test_an_unknown_task_is_named(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """An id that is none here ends in a line that lists those that are."""
    with pytest.raises(SandboxError, match="there is none yet"):
        chainhub_sandbox.finish("grok:nobody")
    task = chainhub.videos.create("x", **UNIFIED)
    with pytest.raises(SandboxError, match=f"no task 'grok:nobody' here: {task.id}"):
        chainhub_sandbox.hold("grok:nobody")


def test_the_app_can_be_watched(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """While time is paused a waiting app waits, and moves exactly as far as the test lets it."""
    seen: list[str] = []

    def app() -> None:
        task = chainhub.videos.create("watched", **UNIFIED)
        chainhub.videos.wait(task, on_update=lambda task: seen.append(task.raw_status))

    with ThreadPoolExecutor() as beside, chainhub_sandbox.paused():
        running = beside.submit(app)
        chainhub_sandbox.wait_for("query")
        chainhub_sandbox.advance(0)
        assert set(seen) == {"pending"}
        chainhub_sandbox.advance(125)
        assert seen[-1] == "processing"
        assert not running.done()
        chainhub_sandbox.finish(chainhub_sandbox.tasks[0])
        chainhub_sandbox.advance(120)
        running.result(5)
    assert seen[-1] == "completed"


def test_a_test_that_stops_waiting_hangs_nobody() -> None:
    """An app that still waits in paused time when the test ends meets its deadline at once, without the gateway."""
    clock = VirtualClock()
    with ThreadPoolExecutor() as beside:
        with sandboxed(clock) as gateway:
            hub = ChainHub()
            task = hub.videos.create("left behind", **UNIFIED)
            gateway.hold()
            clock.pause()
            running = beside.submit(hub.videos.wait, task)
            gateway.wait_for("query")
        with pytest.raises(WaitTimeout):
            running.result(5)
        hub.close()


def test_backoff_takes_no_time(chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
    """A rate limit of a minute is waited out in virtual time."""
    chainhub_sandbox.fault("create", "status", status=429, retry_after=60, moment="read", times=2)
    began, virtually = time.monotonic(), chainhub_sandbox.clock.monotonic()
    assert chainhub.videos.create("patient", **UNIFIED).id
    assert time.monotonic() - began < 2
    assert chainhub_sandbox.clock.monotonic() - virtually >= 120
    assert chainhub_sandbox.paid == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_under_anyio(
    chainhub_sandbox: Sandbox, async_chainhub: AsyncChainHub, tmp_path: Path
) -> None:
    """Tests that are coroutines themselves can use it, and watch the app beside them."""
    waiting = asyncio.create_task(
        async_chainhub.videos.generate("A kitten", **UNIFIED, save_to=tmp_path / "k.mp4")
    )
    with chainhub_sandbox.paused():
        await asyncio.to_thread(chainhub_sandbox.wait_for, "create")
        for _ in range(3):
            await asyncio.to_thread(chainhub_sandbox.advance, 120)
        assert not waiting.done()
        assert chainhub_sandbox.tasks[0].status == "video_generation_completed"
    assert (await waiting).path.exists()


@pytest.mark.chainhub_sandbox(dialect="own-links", seed=4, pace=60)
class TestMarker:
    """The marker gives the sandbox of a test further arguments."""

    def _link(self, gateway: Sandbox, hub: ChainHub) -> str:
        task = hub.videos.create("A kitten", **UNIFIED)
        gateway.advance(60)
        assert gateway.tasks[0].status == "processing"
        gateway.finish(task)
        return str(hub.videos.retrieve(task).raw["video_url"])

    def test_of_the_class(self, chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
        """A class's arguments arrive: its dialect links to the gateway, and a state lasts a minute."""
        assert "/v1/" in self._link(chainhub_sandbox, chainhub)

    @pytest.mark.chainhub_sandbox(dialect="documented")
    def test_the_closest_wins(self, chainhub_sandbox: Sandbox, chainhub: ChainHub) -> None:
        """A test's own arguments go before its class's, and the others stay."""
        assert self._link(chainhub_sandbox, chainhub).startswith(chainhub_sandbox.links_url)
