"""An interruption at every step of a create leaves a receipt that is true, and says how to go on."""

from __future__ import annotations

import gc
import os
import shlex
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import attrs
import httpx
import pytest
from chainhub_video import (
    LocalReceipt,
    Receipt,
    ReceiptState,
    RetryPolicy,
    SubmissionUncertain,
    WaitTimeout,
)
from chainhub_video.flows import create
from chainhub_video.flows.generate import FollowOptions, generate
from chainhub_video.io import Call
from chainhub_video.receipts import file, receipt
from chainhub_video.request import build_request
from chainhub_video.settings import Settings

from tests.support.answering import say, silence
from tests.support.colours import Colour
from tests.support.drivers import every_format
from tests.support.interrupting import closed_door, press, pressed_when
from tests.support.jobs import Job
from tests.support.receipted import STEPS, first_then, known, read, step_of
from tests.support.untraced import untraced
from tests.support.videos import names
from tests.support.virtual import Body, World, reply
from tests.support.wires import UNIFIED, Wire

# What Python has opened between two lines of ours, as in `create_connection`, is left to the collector.
leaves_files_open = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
REQUEST = build_request(**UNIFIED.arguments)
STEPPED = {str(Path(module.__file__ or "")) for module in (create, file, receipt)}
CLEANING = {"_leave_receipt", "_put_last", "append_message", "_hold", "__del__", "close", "_locked"}


def _notes(raised: pytest.ExceptionInfo[BaseException]) -> str:
    """What is told beside the interruption, or, under asyncio, the cancellation that it causes."""
    errors = raised.value, raised.value.__context__
    return " ".join(note for error in errors for note in getattr(error, "__notes__", ()))


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
    """Presses Ctrl-C at the n-th line of the code that sends a create; counts those lines.

    A line that is run again counts again only once the receipt, or the create, has got further.
    """

    def __init__(self, at: int) -> None:
        self.lines = 0
        self.fired = False
        self._at = at
        self._seen: set[tuple[CodeType, int]] = set()

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        """Take an event of the interpreter."""
        code = frame.f_code
        if code is not stepping_point.__code__ and code.co_filename not in STEPPED:
            return None
        if code.co_name in CLEANING or self.fired:
            return None
        if event == "call" and code.co_name in ("_swap", "swap", "stepping_point"):
            self._seen.clear()
        if event == "line" and (code, frame.f_lineno) not in self._seen:
            self._seen.add((code, frame.f_lineno))
            self.lines += 1
            if self.lines == self._at:
                self.fired = True
                sys.settrace(None)
                raise KeyboardInterrupt
        return self


def _play(target: Path, at: int) -> tuple[Leaving, Interrupter]:
    world = Leaving(reply(UNIFIED.created()), reply(UNIFIED.seen()))
    settings = Settings(api_key="the-key")
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
    return world, interrupter


def _is_true(found: Receipt | None, *, left: bool) -> bool:
    if not left:
        return found is None
    return found is not None and (found.task is not None or found.state is ReceiptState.UNCERTAIN)


@leaves_files_open
def test_an_interrupt_at_every_line_leaves_a_true_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever line of the sending and of the receipts it hits: none before the create leaves, a true one after it."""
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of them take their time
    total = _play(tmp_path / "whole.mp4", 0)[1].lines
    assert total > 150
    for at in range(1, total + 1):
        target = tmp_path / f"{at}.mp4"
        world, interrupter = _play(target, at)
        found = LocalReceipt(target).load()
        assert not interrupter.fired or _is_true(found, left=world.left), (at, world.left, found)
    gc.collect()


@every_format
@pytest.mark.parametrize("step", STEPS)
def test_an_interruption_says_what_goes_on_and_how(job: Job, step: str) -> None:
    """Ctrl-C, or under asyncio the cancellation that it causes, carries the receipt and the next step as its note."""
    job.script()
    job.gateway.on(step_of(step, job.wire), first_then(press, silence()))

    with pytest.raises(KeyboardInterrupt) as raised:
        job.generate()

    told = _notes(raised)
    assert str(job.receipt) in told
    job.script()
    if step == "create":
        assert job.read()["state"] == "uncertain"
        for words in ("may have been paid", "usage log", "--resubmit-uncertain"):
            assert words in told
        with pytest.raises(SubmissionUncertain):
            job.generate()
    else:
        assert job.wire.task_id in told
        command = shlex.split(told[told.index("chainhub-video resume") :])
        assert job.hub.videos.resume(command[2]).path.read_bytes() == job.video
    assert job.creates == 1


@every_format
def test_an_interruption_before_anything_is_paid_leaves_nothing(job: Job) -> None:
    """If the create had not left, or was turned away, there is no receipt, and the note says that nothing was sent."""

    class Pressed(RetryPolicy):
        def delay(self, *_: Any, **__: Any) -> float:
            press()
            return 9.0

    def confirm(_: object) -> bool:
        raise KeyboardInterrupt

    job.gateway.on("create", say(429))
    with pytest.raises(KeyboardInterrupt) as raised:
        job.of(confirm=confirm).generate()
    assert "Nothing was sent" in _notes(raised)
    assert job.gateway.arrived == []
    with pytest.raises(KeyboardInterrupt) as raised:
        job.of(retry=Pressed()).generate()
    assert "Nothing was sent" in _notes(raised)
    assert job.creates == 1
    assert names(job.target.parent) == []


@every_format
def test_an_interruption_while_the_receipt_is_written_leaves_a_true_one(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each of its writes: before the create nothing is left, and after it the task is known, whoever was cut off."""
    really = os.fsync
    for write in range(1, 7):  # draft and folder of the claim, of its renewal, of the task
        left = [write]

        def fsync(descriptor: int, left: list[int] = left) -> None:
            really(descriptor)
            left[0] -= 1
            if left[0] == 0:
                if threading.current_thread() is threading.main_thread():
                    raise KeyboardInterrupt
                press()
                threading.Event().wait(0.05)  # the cancelled call goes on before this thread does

        job.script()
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(KeyboardInterrupt) as raised:
            job.generate()
        monkeypatch.setattr(os, "fsync", really)
        assert job.creates == max(0, write - 4)
        if write < 5:
            assert names(job.target.parent) == []
        else:
            assert job.read()["task"] == known(job.wire)
            assert job.wire.task_id in _notes(raised)
            job.generate()
            assert job.creates == write - 4
            job.target.unlink()
            job.receipt.unlink()


@leaves_files_open
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("transport", ["own", "lent"])
def test_an_interruption_while_connecting(
    colour: Colour, target: Path, wire: Wire, transport: str
) -> None:
    """With our own transport it is certain that no byte left; one that gives no events may have sent everything."""
    with closed_door() as door:
        lent: dict[str, Any] = {}
        if transport == "lent":
            without = untraced(colour, httpx.ConnectError)
            lent["http_client"] = colour.http_client(transport=without)
        hub = colour.hub(door.url, max_creates=1, **lent)
        with pressed_when(door.is_tried), pytest.raises(KeyboardInterrupt) as raised:
            wire.generate(hub, save_to=target)
    gc.collect()
    if transport == "own":
        assert "Nothing was sent" in _notes(raised)
        assert names(target.parent) == []
    else:
        assert read(target)["state"] == "uncertain"
