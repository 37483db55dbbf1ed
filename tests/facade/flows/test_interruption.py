"""Ctrl-C and cancellation leave at once from every step, close what was open, and leave nothing half done."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import AsyncChainHub, PollPolicy, TaskStatus, VideoTask

from tests.support.answering import Answer, drip, silence, tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, png

BEFORE = 0.6  # seconds until the interruption, time enough to be in the middle
AT_ONCE = 5.0  # seconds, half of what the shortest step takes if it is not left, so that a busy machine passes

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="no timers of signals here"
)


class Scene:
    """What a step needs to get stuck in.

    Attributes:
        gateway: the gateway.
        host: of pictures.
        tmp: a folder.
        release: set at the end, so that threads that are stuck can go home.
    """

    def __init__(self, gateway: Gateway, host: Gateway, tmp: Path) -> None:
        self.gateway = gateway
        self.host = host
        self.tmp = tmp
        self.release = threading.Event()

    def stuck(self) -> Answer:
        """Takes nothing more and says nothing."""
        return Answer(lambda _wire, _arrived: self.release.wait(20) and False, early=True)


def _connecting(_: Scene, hub: Any) -> Any:
    return hub.videos.retrieve("video_1")  # of a client for an address that accepts no one


def _uploading(scene: Scene, hub: Any) -> Any:
    path = scene.tmp / "large.png"
    path.write_bytes(png())
    os.truncate(path, 64 << 20)
    scene.gateway.on("create", scene.stuck())
    return OPENAI.create(hub, image=path)


def _awaiting_the_create(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("create", silence())
    return OPENAI.create(hub)


def _fetching_a_picture(scene: Scene, hub: Any) -> Any:
    scene.host.on("/kitten.png", silence())
    return OPENAI.create(hub, image=f"{scene.host.url}/kitten.png")


def _reading_a_picture(scene: Scene, hub: Any) -> Any:
    class Stuck(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            scene.release.wait(20)
            return b""

    return OPENAI.create(hub, image=Stuck())


def _awaiting_a_query(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", silence())
    return hub.videos.wait(UNIFIED.task())


def _pausing(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", tell(UNIFIED.seen()))
    return hub.videos.wait(UNIFIED.task(), poll=PollPolicy(interval=60))


def _in_a_callback(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("query", tell(UNIFIED.seen()))

    async def on_update_async(_: VideoTask) -> None:
        await asyncio.sleep(20)

    def on_update(_: VideoTask) -> None:
        time.sleep(20)

    asynchronous = isinstance(hub, AsyncChainHub)
    return hub.videos.wait(UNIFIED.task(), on_update=on_update_async if asynchronous else on_update)


def _downloading(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("content", drip(bytes(1000), pause=0.1))
    task = OPENAI.task(status=TaskStatus.COMPLETED, raw_status="completed")
    return hub.videos.download(task, scene.tmp / "kitten.mp4")


def _generating(scene: Scene, hub: Any) -> Any:
    scene.gateway.on("create", tell(UNIFIED.created()))
    scene.gateway.on("query", silence())
    return UNIFIED.generate(hub, image=None, save_to=scene.tmp / "kitten.mp4")


STEPS: dict[str, Callable[[Scene, Any], Any]] = {
    step.__name__.strip("_"): step
    for step in (
        _connecting,
        _uploading,
        _awaiting_the_create,
        _fetching_a_picture,
        _reading_a_picture,
        _awaiting_a_query,
        _pausing,
        _in_a_callback,
        _downloading,
        _generating,
    )
}


@pytest.fixture
def scene(gateway: Gateway, elsewhere: Gateway, tmp_path: Path) -> Iterator[Scene]:
    """A gateway and a host of pictures on which anything may get stuck."""
    scene = Scene(gateway, elsewhere, tmp_path)
    yield scene
    scene.release.set()


@contextlib.contextmanager
def _nobody_accepts() -> Iterator[str]:
    """An address whose queue is full, so that a connection is neither made nor refused."""
    with contextlib.ExitStack() as held:
        listening = held.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def _connections_to(*gateways: Gateway) -> int:
    """How many connections this machine holds open to the gateways."""
    ports = {f"{gateway.port:04X}" for gateway in gateways}
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    established = [row.split()[2] for row in rows if row.split()[3] == "01"]
    return sum(remote.rpartition(":")[2] in ports for remote in established)


def _gone(scene: Scene) -> bool:
    """Whether all connections are closed, at the latest a moment from now."""
    deadline = time.monotonic() + 1
    while _connections_to(scene.gateway, scene.host) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _connections_to(scene.gateway, scene.host)


def _interrupted(call: Callable[[], Any]) -> tuple[BaseException, float]:
    """Call with Ctrl-C pressed a moment later; return what came out, and how long that took from then."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, BEFORE)
    try:
        with pytest.raises(KeyboardInterrupt) as raised:
            call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return raised.value, time.monotonic() - began - BEFORE


def _cancelled(colour: Colour, call: Callable[[], Any]) -> tuple[BaseException, float]:
    """Cancel a moment later; return what came out, and how long that took from then."""

    async def cancel() -> tuple[BaseException, float]:
        task = asyncio.ensure_future(call())
        await asyncio.sleep(BEFORE)
        assert not task.done(), task
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as raised:
            await task
        return raised.value, time.monotonic() - began

    result: tuple[BaseException, float] = colour.run(cancel)
    return result


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("step", STEPS)
def test_every_step_can_be_left_at_once(colour: Colour, scene: Scene, step: str) -> None:
    """The interruption is out at once, sockets and files are closed, and nothing half done lies about."""
    with _nobody_accepts() as closed_door:
        address = closed_door if step == "connecting" else scene.gateway.url
        hub = colour.hub(address).client
        if colour.asynchronous:
            error, took = _cancelled(colour, lambda: STEPS[step](scene, hub))
        else:
            error, took = _interrupted(lambda: STEPS[step](scene, hub))
        assert took < AT_ONCE
        colour.finish(hub.close())
    scene.release.set()
    assert _gone(scene)
    assert not list(scene.tmp.glob("*.part"))
    assert not (scene.tmp / "kitten.mp4").exists()
    if step in ("awaiting_a_query", "pausing", "in_a_callback", "generating"):
        assert UNIFIED.task_id in "".join(error.__notes__)
    del error
    with warnings.catch_warnings():
        if step == "connecting":  # Python's own `create_connection` leaves that to the collector
            warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # what was forgotten open warns, and a warning fails the test


@pytest.mark.parametrize("step", ["awaiting_a_query", "downloading"])
def test_a_client_goes_on_after_an_interruption(colour: Colour, scene: Scene, step: str) -> None:
    """After Ctrl-C or a cancellation the same client answers the next call."""
    hub = colour.hub(scene.gateway.url).client
    if colour.asynchronous:
        _cancelled(colour, lambda: STEPS[step](scene, hub))
    else:
        _interrupted(lambda: STEPS[step](scene, hub))
    scene.gateway.on("query", tell(OPENAI.seen("completed")))
    assert colour.finish(hub.videos.wait(OPENAI.task())).done


def test_ctrl_c_in_asyncio_run(gateway: Gateway) -> None:
    """A real SIGINT during `asyncio.run` ends the wait at once as KeyboardInterrupt, as everywhere in asyncio."""
    gateway.on("query", silence())

    async def wait() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key") as hub:
            await hub.videos.wait(UNIFIED.task())

    alarm = threading.Timer(BEFORE, os.kill, (os.getpid(), signal.SIGINT))
    alarm.start()
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            asyncio.run(wait())
    finally:
        alarm.cancel()
    assert time.monotonic() - began - BEFORE < AT_ONCE


def test_a_deadline_of_asyncio_is_obeyed(gateway: Gateway) -> None:
    """`asyncio.timeout` around a call works as around any other coroutine."""
    gateway.on("query", silence())

    async def bounded() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="the-key") as hub:
            async with asyncio.timeout(BEFORE):
                await hub.videos.wait(UNIFIED.task())

    with pytest.raises(TimeoutError) as raised:
        asyncio.run(bounded())
    # Python 3.11's first releases give it as the context, later ones as the cause.
    reason = raised.value.__cause__ or raised.value.__context__
    assert isinstance(reason, asyncio.CancelledError)
