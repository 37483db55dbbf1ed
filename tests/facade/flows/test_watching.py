"""What a wait tells while it goes on, and how it may be left."""

from __future__ import annotations

import asyncio
import gc
import traceback
from typing import Any

import pytest
from chainhub_video import AsyncChainHub, ChainHub, TaskFailed, TaskStatus, VideoTask

from tests.support.answering import silence, tell
from tests.support.colours import POLL, Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, Wire


def test_changes_are_told_once_and_never_go_back(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Progress that falls is held, the same state is told once, and a state without progress keeps it."""
    states = [
        ("queued", 0),
        ("queued", 0),
        ("processing", 10),
        ("processing", 30),
        ("processing", 20),
        ("processing", 30),
        ("video_generation_completed", 25),
        ("video_upsampling", None),
        ("video_upsampling", "95%"),
    ]
    answers = [tell(wire.seen(word, progress=share)) for word, share in states]
    gateway.on("query", *answers, tell(wire.seen("completed", progress=99)))
    told: list[VideoTask] = []
    last = hub.videos.wait(wire.task(), on_update=told.append)
    assert [(task.raw_status, task.progress) for task in told] == [
        ("queued", 0.0),
        ("processing", 0.1),
        ("processing", 0.3),
        ("video_generation_completed", 0.3),
        ("video_upsampling", 0.3),
        ("video_upsampling", 0.95),
        ("completed", 1.0),
    ]
    assert told[-1] == last


def test_watch_gives_the_same_changes(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The iterator gives each change as it happens, the completed task last, and then ends."""
    words = ["queued", "processing", "processing", "completed"]
    gateway.on("query", *(tell(wire.seen(word)) for word in words))
    seen = [task.raw_status for task in hub.videos.watch(wire.task())]
    assert seen == ["queued", "processing", "completed"]


def test_watch_can_be_abandoned(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Whoever leaves the loop early leaves nothing open, and nothing is asked any more."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    watching = hub.videos.watch(wire.task())
    assert next(watching).raw_status == "processing"
    watching.close()
    assert gateway.count("query") == 1


def test_a_loop_over_watch_may_be_broken_off(gateway: Gateway) -> None:
    """A plain `break` out of the loop of either colour leaves no warning, and the client goes on to work."""
    gateway.on("query", tell(OPENAI.seen()))
    options: dict[str, Any] = {"base_url": gateway.url, "api_key": "the-key", "poll": POLL}
    with ChainHub(**options) as hub:
        for task in hub.videos.watch(OPENAI.task()):
            assert task.raw_status == "processing"
            break
        hub.videos.retrieve(OPENAI.task())

    async def break_off() -> None:
        async with AsyncChainHub(**options) as hub:
            async for task in hub.videos.watch(OPENAI.task()):
                assert task.raw_status == "processing"
                break
            await hub.videos.retrieve(OPENAI.task())

    asyncio.run(break_off())
    gc.collect()
    assert gateway.count("query") == 4


def test_watch_gives_a_failed_task_before_it_raises(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A task that fails is seen to have failed, then the error comes, with the reason."""
    gateway.on("query", tell(wire.seen("failed", error={"message": "moderation"})))
    seen = []
    with pytest.raises(TaskFailed, match="moderation") as raised:
        seen.extend(hub.videos.watch(wire.task()))
    assert raised.value.reason == "moderation"
    assert raised.value.task is not None
    assert raised.value.task.status is TaskStatus.FAILED


def test_a_callback_that_raises_ends_the_wait(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The caller's own exception comes out as it is, with a note that names the task, which goes on."""
    gateway.on("query", tell(wire.seen()))

    def stop(_: VideoTask) -> None:
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine") as raised:
        hub.videos.wait(wire.task(), on_update=stop)
    assert gateway.count("query") == 1
    assert wire.task_id in "".join(raised.value.__notes__)


def test_a_callback_that_raises_in_generate_names_the_task(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Any
) -> None:
    """What the caller's function raises after the create was paid does not lose the task's id."""
    gateway.on("create", tell(wire.created()))

    def stop(_: VideoTask) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as raised:
        wire.generate(hub, save_to=tmp_path / "x.mp4", on_update=stop)
    assert wire.task_id in "".join(traceback.format_exception(raised.value))


def test_an_asynchronous_callback_is_awaited(colour: Colour, wire: Wire, gateway: Gateway) -> None:
    """`on_update` may be a coroutine function with the asynchronous client; the blocking one says that it is not."""
    gateway.on("query", tell(wire.seen()), tell(wire.seen("completed")))
    told: list[str] = []

    async def tell_later(task: VideoTask) -> None:
        await asyncio.sleep(0)
        told.append(task.raw_status)

    hub = colour.hub(gateway.url)
    if colour.asynchronous:
        hub.videos.wait(wire.task(), on_update=tell_later)
        assert told == ["processing", "completed"]
    else:
        with pytest.raises(TypeError, match="AsyncChainHub"):
            hub.videos.wait(wire.task(), on_update=tell_later)


def test_many_waits_at_once_share_one_loop(gateway: Gateway) -> None:
    """A hundred waits on one loop and one client end together, and none disturbs another."""
    gateway.on("query", tell(OPENAI.seen()), tell(OPENAI.seen("completed")))

    async def all_of_them() -> list[VideoTask]:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:
            tasks = [VideoTask(id=f"video_{n}", format="openai") for n in range(100)]
            return await asyncio.gather(*(hub.videos.wait(task) for task in tasks))

    done = asyncio.run(all_of_them())
    assert [task.id for task in done] == [f"video_{n}" for n in range(100)]


def test_a_cancelled_wait_leaves_nothing_behind(gateway: Gateway) -> None:
    """Cancelling a wait cancels it, at once, and the client goes on to work."""
    gateway.on("query", silence(), tell(OPENAI.seen("completed")))

    async def cancel_then_ask() -> VideoTask:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key", poll=POLL) as hub:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(hub.videos.wait(OPENAI.task()), 0.2)
            return await hub.videos.retrieve(OPENAI.task())

    assert asyncio.run(cancel_then_ask()).done
