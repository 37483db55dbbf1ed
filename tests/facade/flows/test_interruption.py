"""Ctrl-C and cancellation leave at once from every step, close what was open, and leave nothing half done."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import io
import os
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import AsyncChainHub, PollPolicy, TaskStatus, VideoTask

from tests.support.answering import Answer, drip, say, silence, tell
from tests.support.colours import Colour
from tests.support.interrupting import closed_door, connections_to, press, pressed_when
from tests.support.receipted import first_then
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4
from tests.support.wires import OPENAI, UNIFIED, png

AT_ONCE = 5.0  # seconds, half of what the shortest step takes if it is not left, so that a busy machine passes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


class Scene:
    """What a step needs to get stuck in.

    Attributes:
        gateway: the gateway.
        host: of pictures.
        tmp: a folder.
        reached: set when the step is stuck.
        release: set at the end, so that threads that are stuck can go home.
    """

    def __init__(self, gateway: Gateway, host: Gateway, tmp: Path) -> None:
        self.gateway = gateway
        self.host = host
        self.tmp = tmp
        self.reached = threading.Event()
        self.release = threading.Event()

    def then(self, answer: Answer) -> Answer:
        """Answer as told, once it is known that the step is stuck."""
        return first_then(self.reached.set, answer)

    def deaf(self) -> Answer:
        """Takes nothing more and says nothing."""

        def play(_wire: Any, _arrived: Any) -> bool:
            self.reached.set()
            return self.release.wait(20) and False

        return Answer(play, early=True)


def _uploading(scene: Scene, hub: Any) -> Any:
    path = scene.tmp / "large.png"
    path.write_bytes(png())
    os.truncate(path, 64 << 20)
    scene.gateway.on("create", scene.deaf())
    return OPENAI.create(hub, image=path)


def _awaiting_the_create(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("create", scene.then(silence()))
    return OPENAI.create(hub)


def _fetching_a_picture(scene: Scene, hub: Any) -> Any:
    scene.host.on("/kitten.png", scene.then(silence()))
    return OPENAI.create(hub, image=f"{scene.host.url}/kitten.png")


def _reading_a_picture(scene: Scene, hub: Any) -> Any:
    class Stuck(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            scene.reached.set()
            scene.release.wait(20)
            return b""

    return OPENAI.create(hub, image=Stuck())


def _awaiting_a_query(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", scene.then(silence()))
    return hub.videos.wait(UNIFIED.task())


def _pausing(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", scene.then(tell(UNIFIED.seen())))
    return hub.videos.wait(UNIFIED.task(), poll=PollPolicy(interval=60))


def _in_a_callback(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", tell(UNIFIED.seen()))

    async def on_update_async(_: VideoTask) -> None:
        scene.reached.set()
        await asyncio.sleep(20)

    def on_update(_: VideoTask) -> None:
        scene.reached.set()
        time.sleep(20)

    asynchronous = isinstance(hub, AsyncChainHub)
    return hub.videos.wait(UNIFIED.task(), on_update=on_update_async if asynchronous else on_update)


def _downloading(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("content", scene.then(drip(bytes(1000), pause=0.1)))
    task = OPENAI.task(status=TaskStatus.COMPLETED, raw_status="completed")
    return hub.videos.download(task, scene.tmp / "kitten.mp4")


def _generating(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("create", tell(UNIFIED.created()))
    scene.gateway.on("query", scene.then(silence()))
    return UNIFIED.generate(hub, image=None, save_to=scene.tmp / "kitten.mp4")


WAITING = [_awaiting_a_query, _pausing, _in_a_callback, _generating]
STEPS = [_uploading, _awaiting_the_create, _fetching_a_picture, _reading_a_picture, *WAITING, _downloading]  # fmt: skip


@pytest.fixture
def scene(gateway: Gateway, elsewhere: Gateway, tmp_path: Path) -> Iterator[Scene]:
    """A gateway and a host of pictures on which anything may get stuck."""
    scene = Scene(gateway, elsewhere, tmp_path)
    yield scene
    scene.release.set()


def _left(
    colour: Colour, reached: Callable[[], bool], call: Callable[[], Any]
) -> tuple[BaseException, float]:
    """Interrupt a call, or cancel it, when it is stuck; return what came out, and how long that took from then."""
    pressed: list[float] = []

    async def cancelled() -> None:
        task = asyncio.ensure_future(call())
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as watching:

            def cancel() -> None:
                pressed.append(time.monotonic())
                loop.call_soon_threadsafe(task.cancel)

            watching.enter_context(pressed_when(reached, cancel))
            await task

    def interrupt() -> None:
        pressed.append(time.monotonic())
        press()

    if colour.asynchronous:
        with pytest.raises(asyncio.CancelledError) as raised:
            colour.run(cancelled)
        return raised.value, time.monotonic() - pressed[0]
    with pytest.raises(KeyboardInterrupt) as interrupted, pressed_when(reached, interrupt):
        call()
    return interrupted.value, time.monotonic() - pressed[0]


def _all_closed(*ports: int) -> bool:
    """Whether all connections are closed, at the latest a moment from now."""
    deadline = time.monotonic() + 10
    while any(map(connections_to, ports)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(connections_to, ports))


def test_every_step_can_be_left_at_once(
    colour: Colour, scene: Scene, subtests: pytest.Subtests
) -> None:
    """The interruption is out at once, sockets and files are closed, and nothing half done lies about."""
    for step in STEPS:
        with subtests.test(step.__name__):
            scene.reached.clear()
            scene.release.clear()
            hub = colour.hub(scene.gateway.url).client
            stuck = functools.partial(step, scene, hub)
            error, took = _left(colour, scene.reached.is_set, stuck)
            assert took < AT_ONCE
            scene.gateway.on("query", tell(OPENAI.seen("completed")))
            assert colour.finish(hub.videos.wait(OPENAI.task())).done  # the client goes on
            colour.finish(hub.close())
            scene.release.set()
            assert _all_closed(scene.gateway.port, scene.host.port)
            assert not list(scene.tmp.glob("*.part"))
            assert not (scene.tmp / "kitten.mp4").exists()
            if step in WAITING:
                assert UNIFIED.task_id in "".join(error.__notes__)
            del error, stuck
    gc.collect()  # what was forgotten open warns, and a warning fails the test


def test_connecting_can_be_left_at_once(colour: Colour) -> None:
    """A connection that is neither made nor refused holds up nobody who presses Ctrl-C or cancels."""
    with closed_door() as door:
        hub = colour.hub(door.url).client
        error, took = _left(colour, door.is_tried, lambda: hub.videos.retrieve("video_1"))
        assert took < AT_ONCE
        colour.finish(hub.close())
    del error
    with warnings.catch_warnings():  # Python's own `create_connection` leaves that to the collector
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("how", ["Ctrl-C", "asyncio.timeout"])
def test_asyncios_own_ways_out(scene: Scene, how: str) -> None:
    """A real SIGINT during `asyncio.run`, and `asyncio.timeout`, end a call as they end any other coroutine."""
    seconds, kind = (20, KeyboardInterrupt) if how == "Ctrl-C" else (0.5, TimeoutError)

    async def bounded() -> None:
        async with AsyncChainHub(base_url=scene.gateway.url, api_key="the-key") as hub:
            async with asyncio.timeout(seconds):
                await _awaiting_a_query(scene, hub)

    pressing = pressed_when(scene.reached.is_set) if how == "Ctrl-C" else contextlib.nullcontext()
    began = time.monotonic()
    with pytest.raises(kind) as raised, pressing:
        asyncio.run(bounded())
    assert time.monotonic() - began < AT_ONCE + 0.5
    # Python 3.11's first releases give it as the context, later ones as the cause.
    reason = raised.value.__cause__ or raised.value.__context__
    assert isinstance(reason, asyncio.CancelledError)


_OUTLIVES = """
    import asyncio, sys, threading, time
    from chainhub_video import AsyncChainHub, ChainHub, TaskStatus, VideoTask
    base_url, link, target = sys.argv[1:]
    task = VideoTask(id="grok:1", format="unified", status=TaskStatus.COMPLETED, video_url=link)

    async def saved():
        async with AsyncChainHub(base_url=base_url, api_key="the-key") as hub:
            return await hub.videos.download(task, target + ".asyncio")

    def work():
        threading.main_thread().join()
        time.sleep(0.2)
        print(asyncio.run(saved()).sha256)
        with ChainHub(base_url=base_url, api_key="the-key") as hub:
            print(hub.videos.download(task, target + ".blocking").sha256)

    threading.Thread(target=work).start()
"""


def test_a_download_finishes_in_a_thread_that_outlives_the_main_one(
    gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Python starts no new thread then: hashing and writing go on in the one that there is."""
    elsewhere.on(LINK, say(200, video, MP4))
    link = f"{elsewhere.url}{LINK}"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_OUTLIVES), gateway.url, link, str(target)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    for driver in ("asyncio", "blocking"):
        assert Path(f"{target}.{driver}").read_bytes() == video
    assert [len(digest) for digest in done.stdout.split()] == [64, 64]
