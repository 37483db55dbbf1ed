"""What becomes of a paid task and of its receipt when the disk, another program or another process interferes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import types
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import httpx
import pytest
from chainhub_video import (
    AuthenticationError,
    ConfigurationError,
    InvalidRequest,
    LocalReceipt,
    Receipt,
    ReceiptConflict,
    ReceiptState,
    RetryPolicy,
    SpendLimitReached,
    SubmissionUncertain,
    Timeouts,
    WaitTimeout,
)
from chainhub_video.flows.generate import FollowOptions, generate
from chainhub_video.io import Call, TransportFailure
from chainhub_video.receipts.receipt import parse
from chainhub_video.request import build_request
from chainhub_video.settings import Settings, Spending

from tests.support.answering import tell
from tests.support.jobs import Job
from tests.support.receipted import ago, first_then, path_of, read
from tests.support.videos import LINK, names
from tests.support.virtual import World, reply
from tests.support.wires import OPENAI, UNIFIED

Happening: TypeAlias = Callable[[Path], object]

RETRY = RetryPolicy(first=5, maximum=5, jitter=0)
LOST = TransportFailure(httpx.ReadTimeout("late"), sent=True)
REQUEST = build_request(**UNIFIED.arguments)
CREATED = reply(UNIFIED.created())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the video would go, in a folder that may be lost."""
    folder = tmp_path / "videos"
    folder.mkdir()
    return folder / "kitten.mp4"


@pytest.fixture
def happenings(limit_files: Callable[[int], None]) -> dict[str, Happening]:
    """What may happen to a receipt: the disk is full, it is damaged or removed, or its folder is."""
    return {
        "full": lambda _receipt: limit_files(10),
        "damaged": lambda receipt: receipt.write_text("{"),
        "removed": Path.unlink,
        "its folder removed": lambda receipt: shutil.rmtree(receipt.parent),
    }


def start(
    world: World,
    target: Path,
    *,
    timeout: float | None = None,
    resubmit_uncertain: bool = False,
    **changes: Any,
) -> Any:
    """A whole job as a coroutine that has not begun."""
    settings = attrs.evolve(Settings(api_key="the-key", retry=RETRY), **changes)
    options = FollowOptions(timeout=timeout, poll=None, on_update=None, on_progress=None)
    return generate(
        world, settings, REQUEST, target, options, resubmit_uncertain=resubmit_uncertain
    )


def at(change: int, happens: Happening) -> dict[str, Any]:
    """Settings under which something happens at one of the receipt's changes."""

    class Store(LocalReceipt):
        left = change

        def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
            self.left -= 1
            if self.left == 0:
                happens(Path(self.name))
            return super().swap(old, new)

    return {"receipts": Store}


def test_only_the_create_that_was_looked_at_is_sent_again(target: Path) -> None:
    """What another process has resubmitted, and left uncertain, since the call began is not paid for a third time."""

    class Overtaken(LocalReceipt):
        looks = 0

        def load(self) -> Receipt | None:
            self.looks += 1
            if self.looks == 2 and (found := super().load()) is not None:
                again = found.submitting(400).to(ReceiptState.UNCERTAIN, reason="it was sent again")
                assert LocalReceipt(target).swap(found, again)
            return super().load()

    world = World(LOST)
    with pytest.raises(SubmissionUncertain):
        world.play(start(world, target))
    with pytest.raises(SubmissionUncertain, match="it was sent again"):
        world.play(start(world, target, receipts=Overtaken, resubmit_uncertain=True))
    assert len(world.calls) == 1


@pytest.mark.parametrize("change", [1, 2], ids=["claimed", "renewed"])
def test_a_full_disk_before_the_create_sends_nothing(
    target: Path, happenings: dict[str, Happening], change: int
) -> None:
    """A receipt that cannot be claimed, or not be renewed just before sending, keeps the create from leaving."""
    world = World(CREATED)
    spending = Spending(1)
    words = r"kitten.mp4.task.json cannot be written .*File too large.* nothing was sent"
    with pytest.raises(InvalidRequest, match=words):
        world.play(start(world, target, spending=spending, **at(change, happenings["full"])))
    assert (world.calls, names(target.parent)) == ([], [])
    spending.reserve()  # the one that there is


@pytest.mark.parametrize("happening", ["full", "damaged", "removed", "its folder removed"])
def test_a_paid_task_is_named_though_its_receipt_cannot_be_written(
    target: Path, happenings: dict[str, Happening], happening: str
) -> None:
    """Whatever becomes of the receipt while the create is on its way, the error carries the task and its id."""
    world = World(CREATED)
    with pytest.raises(ReceiptConflict, match="is paid, but receipt") as raised:
        world.play(start(world, target, **at(3, happenings[happening])))
    assert raised.value.task is not None
    assert raised.value.task.id == UNIFIED.task_id
    for words in (UNIFIED.task_id, str(path_of(target)), "download()"):
        assert words in str(raised.value)
    assert len(world.calls) == 1
    if happening == "full":  # the old one is whole
        assert read(target)["state"] == "submitting"


@pytest.mark.parametrize(
    ("happening", "outcome", "kind"),
    [
        ("full", LOST, SubmissionUncertain),
        ("damaged", LOST, SubmissionUncertain),
        ("its folder removed", LOST, SubmissionUncertain),
        ("damaged", reply(None, 401), AuthenticationError),
        ("its folder removed", reply(None, 401), AuthenticationError),
    ],
)
def test_what_became_of_a_create_is_told_though_its_receipt_cannot_be_written(
    target: Path, happenings: dict[str, Happening], happening: str, outcome: Any, kind: Any
) -> None:
    """Trouble with the receipt does not take the place of the error that says that money may be gone, or is not."""
    world = World(outcome)
    with pytest.raises(kind, match="could not be brought up to date") as raised:
        world.play(start(world, target, **at(3, happenings[happening])))
    assert str(path_of(target)) in str(raised.value)
    assert len(world.calls) == 1


def test_a_receipt_that_is_removed_during_the_waiting_costs_nothing_more(
    job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    """The video is saved and returned, since an error would make callers pay again; the log says what is missing."""
    job.script()
    link = {} if job.wire is OPENAI else {"video_url": job.gateway.url + LINK}
    job.gateway.on(
        "query", first_then(job.receipt.unlink, tell(job.wire.seen("completed", **link)))
    )
    assert job.generate().path.read_bytes() == job.video
    assert f"receipt {job.receipt} could not be written (it was removed)" in caplog.text


def test_a_create_whose_flow_is_closed_is_uncertain(target: Path) -> None:
    """When an event loop is thrown away in the middle of a create, the receipt says that it may have been paid."""

    class Suspending(World):
        async def open(self, call: Call, /) -> Any:
            """Leave, and never answer."""
            assert call.on_turn is not None
            assert call.leaving is not None
            await call.on_turn()
            call.leaving()
            await _for_ever()

    flow = start(Suspending(), target)
    flow.send(None)
    flow.close()
    receipt = LocalReceipt(target).load()
    assert receipt is not None
    assert receipt.state is ReceiptState.UNCERTAIN
    assert receipt.reason


@types.coroutine
def _for_ever() -> Generator[None, None, None]:
    yield


def test_what_was_not_sent_costs_nothing_of_the_limit(target: Path) -> None:
    """Ctrl-C in the pause after a 429, and a client that has nothing to send with, give the create back."""

    class Pressed(World):
        async def sleep(self, _seconds: float, /) -> None:
            raise KeyboardInterrupt

    class Closed(World):
        async def open(self, _call: Call, /) -> Any:
            raise ConfigurationError("this client has been closed: make a new one")

    for world, kind in (
        (Pressed(reply(None, 429)), KeyboardInterrupt),
        (Closed(), ConfigurationError),
    ):
        spending = Spending(1)
        with pytest.raises(kind) as raised:
            world.play(start(world, target, spending=spending))
        told = f"{raised.value} {getattr(raised.value, '__notes__', '')}"
        assert "may have been paid" not in told
        assert names(target.parent) == []
        spending.reserve()
        with pytest.raises(SpendLimitReached):
            spending.reserve()


def test_the_time_that_a_create_is_given_covers_the_clients_own_patience(target: Path) -> None:
    """A client that waits long for its create leaves a receipt that others wait for as long."""
    given: list[float] = []
    world, limits = World(LOST), Timeouts(connect=10, read=60, write=100, create=4000)
    look = at(3, lambda receipt: given.append(parse(receipt.read_bytes(), "x").seconds_given()))
    with pytest.raises(SubmissionUncertain):
        world.play(start(world, target, timeouts=limits, **look))
    assert given[0] > 8110


@pytest.mark.parametrize("set_back", [0, 3600])
def test_waiting_for_another_process_has_an_end_whatever_the_clocks_say(
    target: Path, set_back: int
) -> None:
    """A create that was given 30 s is waited for 30 s, without a deadline, even if by this clock it begins later."""
    world = World(LOST)
    with pytest.raises(SubmissionUncertain):
        world.play(start(world, target))
    # By a machine whose locks are not known here.
    times = {"state": "submitting", "expires": ago(-set_back - 30), "owner": "another machine"}
    sent_at = ago(-set_back)
    other = {**read(target), **times, "times": {"submitting": sent_at}}
    path_of(target).write_text(json.dumps(other))
    world = World(CREATED)
    with pytest.raises(SubmissionUncertain) as raised:
        world.play(start(world, target))
    assert 28 <= sum(world.sleeps) <= 31
    assert world.calls == []
    assert f"was sent at {sent_at[:19]}" in str(raised.value)


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


def test_a_locked_draft_is_waited_for_until_the_deadline_and_named(target: Path) -> None:
    """Before the create: WaitTimeout at the call's deadline, with the file's name, and nothing is sent."""
    world = World(CREATED)
    with locked(target), pytest.raises(WaitTimeout, match="nothing was sent") as raised:
        world.play(start(world, target, timeout=0.15))
    assert f"a lock (flock) on the file {draft_of(target)}" in str(raised.value)
    assert world.sleeps == pytest.approx([0.1, 0.05])
    assert world.calls == []
    assert names(target.parent) == [draft_of(target).name]


def test_a_draft_that_is_let_go_of_in_time_is_no_matter(target: Path) -> None:
    """A lock that ends before the deadline only delays the call."""

    class LetGo(World):
        async def sleep(self, seconds: float, /) -> None:
            held.close()
            await super().sleep(seconds)

    with contextlib.ExitStack() as held:
        held.enter_context(locked(target))
        world = LetGo(CREATED, reply(UNIFIED.seen()))
        with pytest.raises(WaitTimeout, match=UNIFIED.task_id):
            world.play(start(world, target, timeout=60))
    assert world.sleeps[0] == 0.1
    assert len([call for call in world.calls if call.kind == "create"]) == 1


def test_a_draft_that_is_locked_after_the_create_does_not_hide_the_task(target: Path) -> None:
    """After the create the error has the paid task, and names the lock."""
    world = World(CREATED)
    with contextlib.ExitStack() as held:
        changes = at(3, lambda _receipt: held.enter_context(locked(target)))
        with pytest.raises(ReceiptConflict, match="is paid, but receipt") as raised:
            world.play(start(world, target, timeout=0.05, **changes))
    assert raised.value.task is not None
    assert f"on the file {draft_of(target)}" in str(raised.value)
