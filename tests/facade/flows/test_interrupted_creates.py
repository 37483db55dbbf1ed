"""An interruption at every single step between the claim of a receipt and the first byte that leaves, and after it."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import attrs
import pytest
from chainhub_video import (
    InvalidRequest,
    LocalReceipt,
    ReceiptConflict,
    ReceiptState,
    WaitTimeout,
)
from chainhub_video.drivers.http import SendTrace
from chainhub_video.flows import create
from chainhub_video.flows.generate import FollowOptions, generate
from chainhub_video.io import Call
from chainhub_video.receipts import file, receipt
from chainhub_video.request import build_request
from chainhub_video.settings import Settings, Spending

from tests.facade.flows.test_interruption import _nobody_accepts
from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.receipted import first_then, read, script
from tests.support.scripted import Gateway
from tests.support.untraced import untraced
from tests.support.virtual import Body, World, reply
from tests.support.wires import UNIFIED, Wire

# What Python has opened between two lines of ours, as in `create_connection`, is left to the collector.
leaves_files_open = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
REQUEST = build_request(**UNIFIED.arguments)
STEPPED = {str(Path(module.__file__ or "")) for module in (create, file, receipt)}
CLEANING = {"_leave_receipt", "_put_last", "append_message", "_hold", "__del__", "close", "_locked"}


class Leaving(World):
    """A world that has a moment before the create leaves, as a connection has."""

    left = False

    async def open(self, call: Call, /) -> Body:
        """Connect, and then send."""
        stepping_point()
        stream = await super().open(attrs.evolve(call, leaving=None))
        if call.leaving is not None:
            call.leaving()
            self.left = True
        stepping_point()
        return stream


def stepping_point() -> None:
    """Something that takes time, in which an interruption may come."""


class Interrupter:
    """Presses Ctrl-C at the n-th line of the code that sends a create; counts those lines."""

    def __init__(self, at: int) -> None:
        self.lines = 0
        self.fired = False
        self._at = at

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        """Take an event of the interpreter."""
        code = frame.f_code
        if code is not stepping_point.__code__ and code.co_filename not in STEPPED:
            return None
        if code.co_name in CLEANING or self.fired:
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self._at:
                self.fired = True
                sys.settrace(None)
                raise KeyboardInterrupt
        return self


def _play(target: Path, at: int) -> tuple[Leaving, Interrupter, Spending]:
    world, spending = Leaving(reply(UNIFIED.created()), reply(UNIFIED.seen())), Spending(1)
    settings = Settings(api_key="the-key", spending=spending)
    options = FollowOptions(timeout=0, poll=None, on_update=None, on_progress=None)
    flow = generate(world, settings, REQUEST, target, options, resubmit_uncertain=False)
    interrupter = Interrupter(at)
    before = sys.gettrace()
    sys.settrace(interrupter)
    try:
        world.play(flow)
    except (KeyboardInterrupt, WaitTimeout):
        pass
    finally:
        sys.settrace(before)
    return world, interrupter, spending


@leaves_files_open
def test_an_interrupt_at_every_line_leaves_a_true_receipt(tmp_path: Path) -> None:
    """Whatever line of the sending and of the receipts it hits: none before the create leaves, a true one after it."""
    total = _play(tmp_path / "whole.mp4", 0)[1].lines
    assert total > 150
    wrong = []
    for at in range(1, total + 1):
        target = tmp_path / f"{at}.mp4"
        world, interrupter, spending = _play(target, at)
        left = LocalReceipt(target).load()
        if not interrupter.fired:
            continue
        if world.left:
            good = left is not None and (
                left.task is not None or left.state is ReceiptState.UNCERTAIN
            )
        else:
            good = left is None
            with contextlib.suppress(InvalidRequest):
                spending.reserve()
        if not good:
            wrong.append((at, world.left, left))
    gc.collect()
    assert wrong == []


@leaves_files_open
def test_ctrl_c_while_connecting_leaves_nothing(colour: Colour, target: Path, wire: Wire) -> None:
    """With our own transport it is certain that no byte left, so that there is nothing uncertain to keep."""
    with _nobody_accepts() as address:
        hub = colour.hub(address, max_creates=1)
        with pytest.raises(KeyboardInterrupt) as raised:
            _alarmed(lambda: wire.generate(hub, save_to=target))
    gc.collect()
    inner = raised.value.__context__ if colour.asynchronous else raised.value
    assert "Nothing was sent" in " ".join(getattr(inner, "__notes__", ()))
    assert list(target.parent.iterdir()) == []


@leaves_files_open
def test_ctrl_c_while_a_lent_transport_connects_is_uncertain(
    colour: Colour, target: Path, wire: Wire
) -> None:
    """A transport that gives no events may have sent everything: the receipt says so."""
    import httpx

    with _nobody_accepts() as address:
        client = colour.http_client(transport=untraced(colour, httpx.ConnectError))
        hub = colour.hub(address, http_client=client)
        with pytest.raises(KeyboardInterrupt):
            _alarmed(lambda: wire.generate(hub, save_to=target))
    gc.collect()
    assert read(target)["state"] == "uncertain"


def _alarmed(call: Any) -> None:
    import signal

    before = signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 1.0)  # by then a busy machine is at it, too
    try:
        call()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_trace_tells_when_the_request_leaves() -> None:
    """Not when a proxy is asked for a tunnel, but when the request itself begins; at once if nobody can see that."""

    class Asked:
        def __init__(self, method: bytes) -> None:
            self.method = method

    told: list[str] = []
    trace = SendTrace(own=True, leaving=lambda: told.append("own"))
    trace.record("connection.connect_tcp.complete", {})
    trace.record("http11.send_request_headers.started", {"request": Asked(b"CONNECT")})
    assert told == []
    trace.record("http11.send_request_headers.started", {"request": Asked(b"POST")})
    SendTrace(own=False, leaving=lambda: told.append("lent"))
    assert told == ["own", "lent"]


def draft_of(target: Path) -> Path:
    """Where the receipt of an output is written before it is put in its place."""
    return target.with_name(f".{target.name}.task.json.draft")


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Hold the lock of the draft of an output's receipt, as a stopped process might."""
    descriptor = os.open(draft_of(target), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def test_a_locked_draft_is_waited_for_until_the_deadline_and_named(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """Before the create: WaitTimeout within the call's time, with the file's name, and nothing is sent."""
    began = time.monotonic()
    with locked(target), pytest.raises(WaitTimeout, match="nothing was sent") as raised:
        wire.generate(hub, save_to=target, timeout=1)
    assert 0.9 < time.monotonic() - began < 15
    assert f"a lock (flock) on the file {draft_of(target)}" in str(raised.value)
    assert gateway.arrived == []
    assert list(target.parent.iterdir()) == [draft_of(target)]


def test_a_draft_that_is_let_go_of_in_time_is_no_matter(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A lock that ends before the deadline only delays the call."""
    script(gateway, wire, video)
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(draft_of(target))], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    assert wire.generate(hub, save_to=target, timeout=60).path.read_bytes() == video
    holder.communicate()


_HOLD = """if True:
    import fcntl, os, sys, time
    fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_CREAT), fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(1.5)
"""


def test_a_draft_that_is_locked_after_the_create_does_not_hide_the_task(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """After the create the error has the paid task, and names the lock."""
    with contextlib.ExitStack() as held:
        gateway.on(
            "create",
            first_then(lambda: held.enter_context(locked(target)), tell(wire.created())),
        )
        with pytest.raises(ReceiptConflict, match="is paid, but receipt") as raised:
            wire.generate(hub, save_to=target, timeout=2)
    assert raised.value.task is not None
    assert f"on the file {draft_of(target)}" in str(raised.value)


_OUTLIVES = """
    import sys, threading, time
    from chainhub_video import AsyncChainHub, ChainHub, TaskStatus, VideoTask
    colour, base_url, link, target = sys.argv[1:]
    task = VideoTask(id="grok:1", format="unified", status=TaskStatus.COMPLETED, video_url=link)

    async def saved():
        async with AsyncChainHub(base_url=base_url, api_key="the-key") as hub:
            return await hub.videos.download(task, target)

    def work():
        threading.main_thread().join()
        time.sleep(0.2)
        if colour == "asyncio":
            import asyncio
            print(asyncio.run(saved()).sha256)
        else:
            with ChainHub(base_url=base_url, api_key="the-key") as hub:
                print(hub.videos.download(task, target).sha256)

    threading.Thread(target=work).start()
"""


def test_a_download_finishes_in_a_thread_that_outlives_the_main_one(
    colour: Colour, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Python starts no new thread then: hashing and writing go on in the one that there is."""
    from tests.support.answering import say

    elsewhere.on("/clip.mp4", say(200, video, {"Content-Type": "video/mp4"}))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_OUTLIVES), colour.name, gateway.url,
         f"{elsewhere.url}/clip.mp4", str(target)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    assert target.read_bytes() == video
    assert len(done.stdout.strip()) == 64
