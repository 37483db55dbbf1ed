"""What becomes of a receipt, a paid task and the limit on creates when something beside the gateway goes wrong."""

from __future__ import annotations

import errno
import json
import threading
import types
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import httpx
import pytest
from chainhub_video import (
    ConfigurationError,
    InvalidRequest,
    LocalReceipt,
    Receipt,
    ReceiptConflict,
    ReceiptState,
    RetryPolicy,
    SpendLimitReached,
    SubmissionUncertain,
)
from chainhub_video.flows.create import create
from chainhub_video.flows.generate import FollowOptions, generate
from chainhub_video.io import Call, TransportFailure
from chainhub_video.receipts.receipt import fingerprint_of, parse
from chainhub_video.request import build_request
from chainhub_video.settings import Settings, Spending

from tests.support.virtual import World, reply
from tests.support.wires import UNIFIED

RETRY = RetryPolicy(first=5, maximum=5, jitter=0)
LOST = TransportFailure(httpx.ReadTimeout("late"), sent=True)
REQUEST = build_request(**UNIFIED.arguments)
CREATED = reply(UNIFIED.created())


class Store(LocalReceipt):
    """A receipt's file, with something else happening at one of its changes."""

    def __init__(self, target: Path, at: int, happens: Callable[[LocalReceipt], None]) -> None:
        super().__init__(target)
        self._left, self._happens = at, happens

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Change it, after what happens."""
        self._left -= 1
        if self._left == 0:
            self._happens(LocalReceipt(Path(self.name.removesuffix(".task.json"))))
        return super().swap(old, new)


def full(_store: LocalReceipt) -> None:
    """The disk is full."""
    raise OSError(errno.ENOSPC, "No space left on device")


def damaged(store: LocalReceipt) -> None:
    """Somebody writes something else over it."""
    Path(store.name).write_text("{")


def removed(store: LocalReceipt) -> None:
    """Somebody removes it."""
    Path(store.name).unlink()


def start(world: World, target: Path, **changes: Any) -> Any:
    """A whole job as a coroutine that has not begun."""
    settings = attrs.evolve(Settings(api_key="the-key", retry=RETRY), **changes)
    options = FollowOptions(timeout=None, poll=None, on_update=None, on_progress=None)
    return generate(world, settings, REQUEST, target, options, resubmit_uncertain=False)


def at(target: Path, change: int, happens: Callable[[LocalReceipt], None]) -> dict[str, Any]:
    """Settings under which something happens at one of the receipt's changes."""
    return {"receipts": lambda _: Store(target, change, happens)}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the video would go."""
    return tmp_path / "kitten.mp4"


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
    calls = len(world.calls)
    settings = Settings(api_key="the-key", retry=RETRY, receipts=Overtaken)
    options = FollowOptions(timeout=None, poll=None, on_update=None, on_progress=None)
    job = generate(world, settings, REQUEST, target, options, resubmit_uncertain=True)
    with pytest.raises(SubmissionUncertain, match="it was sent again"):
        world.play(job)
    assert len(world.calls) == calls


@pytest.mark.parametrize("change", [1, 2], ids=["claimed", "renewed"])
def test_a_full_disk_before_the_create_sends_nothing(target: Path, change: int) -> None:
    """A receipt that cannot be claimed, or not be renewed just before sending, keeps the create from leaving."""
    world = World(CREATED)
    spending = Spending(1)
    with pytest.raises(
        InvalidRequest, match=r"cannot be written .*No space left.* nothing was sent"
    ):
        world.play(start(world, target, spending=spending, **at(target, change, full)))
    assert (world.calls, list(target.parent.iterdir())) == ([], [])
    spending.reserve()  # the one that there is


@pytest.mark.parametrize("happens", [damaged, removed, full])
def test_a_paid_task_is_named_though_its_receipt_cannot_be_written(
    target: Path, happens: Callable[[LocalReceipt], None]
) -> None:
    """Whatever becomes of the receipt while the create is on its way, the error carries the task and its id."""
    world = World(CREATED)
    with pytest.raises(ReceiptConflict, match="is paid, but receipt") as raised:
        world.play(start(world, target, **at(target, 3, happens)))
    assert raised.value.task is not None
    assert raised.value.task.id == UNIFIED.task_id
    assert UNIFIED.task_id in str(raised.value)
    assert len(world.calls) == 1


@pytest.mark.parametrize("happens", [damaged, full])
def test_an_uncertain_create_stays_one_though_its_receipt_cannot_be_written(
    target: Path, happens: Callable[[LocalReceipt], None]
) -> None:
    """Trouble with the receipt does not take the place of the error that says that money may be gone."""
    world = World(LOST)
    with pytest.raises(SubmissionUncertain, match="could not be brought up to date"):
        world.play(start(world, target, **at(target, 3, happens)))
    assert len(world.calls) == 1


class Suspending(World):
    """A world in which the create is on its way for ever."""

    async def open(self, call: Call, /) -> Any:
        """Never answer."""
        assert call.on_turn is not None
        assert call.leaving is not None
        await call.on_turn()
        self.calls.append(call)
        call.leaving()
        await _for_ever()


@types.coroutine
def _for_ever() -> Generator[None, None, None]:
    yield


def test_a_create_whose_flow_is_closed_is_uncertain(target: Path) -> None:
    """When an event loop is thrown away in the middle of a create, the receipt says that it may have been paid."""
    world = Suspending()
    flow = start(world, target)
    flow.send(None)
    flow.close()
    receipt = LocalReceipt(target).load()
    assert receipt is not None
    assert receipt.state is ReceiptState.UNCERTAIN
    assert receipt.reason


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
        assert (
            "may have been paid" not in f"{raised.value} {getattr(raised.value, '__notes__', '')}"
        )
        assert list(target.parent.iterdir()) == []
        spending.reserve()
        with pytest.raises(SpendLimitReached):
            spending.reserve()


def test_the_limit_is_counted_under_a_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads never read the count at once, neither to take nor to give back."""
    taken: list[str] = []

    class Recording:
        def __enter__(self) -> None:
            taken.append("taken")

        def __exit__(self, *_: object) -> None:
            taken.append("given")

    spending = Spending(1)
    monkeypatch.setattr(spending, "_lock", Recording())
    spending.reserve()
    spending.release()
    assert taken == ["taken", "given"] * 2


def test_a_create_of_another_process_is_waited_for_without_a_deadline(target: Path) -> None:
    """With `timeout=None` the wait lasts as long as that create may, and then its outcome is uncertain."""
    claimed: list[Receipt] = []

    class Remembering(LocalReceipt):
        def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
            claimed.extend([new] if new else [])
            return super().swap(old, new)

    world = World(LOST)
    with pytest.raises(SubmissionUncertain):
        world.play(start(world, target, receipts=Remembering))
    other = claimed[0].submitting(30)
    Path(LocalReceipt(target).name).write_text(other.to_json())
    world = World(CREATED)
    with pytest.raises(SubmissionUncertain) as raised:
        world.play(start(world, target))
    assert 28 <= sum(world.sleeps) <= 31
    assert world.calls == []
    when = other.when(ReceiptState.SUBMITTING)
    assert when is not None
    assert f"was sent at {when.isoformat(timespec='seconds')}" in str(raised.value)


DESCRIPTION = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}
GOLDEN = "0a3ea4040b13cb35ea54ebcaf7d8f007f4e49eedabf2b636889914b4cc8008b1"


def _stored(state: str = "submitted", **changes: Any) -> str:
    task = {"id": "grok:1", "format": "unified", "model": None}
    fields = {
        "version": 1, "state": state, "fingerprint": fingerprint_of(DESCRIPTION), "request": DESCRIPTION,
        "times": {"submitting": "2026-11-21T10:00:00.000+00:00"}, "expires": None, "task": task,
        "result": None, "reason": None,
    }  # fmt: skip
    return json.dumps(fields | changes)


def test_the_fingerprint_is_the_one_of_every_version() -> None:
    """Receipts on disks hold it: another way of computing it would refuse them all. Order does not matter."""
    turned = dict(reversed(DESCRIPTION.items()))
    assert fingerprint_of(DESCRIPTION) == fingerprint_of(turned)
    assert fingerprint_of(DESCRIPTION) == GOLDEN
    assert fingerprint_of({"a": {"c": 1, "b": 2}}) == fingerprint_of({"a": {"b": 2, "c": 1}})


@pytest.mark.parametrize(
    "text",
    [
        _stored(request=[], fingerprint=fingerprint_of([])),  # type: ignore[arg-type]  # that is the point
        _stored("uncertain", task=None, result={"size": 1, "sha256": "0" * 64}),
        _stored("saved", result={"size": True, "sha256": "0" * 64}),
        _stored("saved", result={"size": 1, "sha256": "0" * 64, "path": "x"}),
    ],
    ids=["a list", "a result without a task", "a size that is a truth", "one field more"],
)
def test_a_receipt_that_the_rest_could_not_work_with_is_refused(text: str) -> None:
    """What somebody edited into another shape is told when it is read, not by a failure later."""
    assert parse(_stored(), "x").task is not None
    with pytest.raises(ReceiptConflict, match="is torn or was edited"):
        parse(text, "x")


def test_how_long_a_create_may_last_is_nothing_where_it_is_not_known() -> None:
    """A receipt without its end, or without the time of sending, has no seconds left; one of the past neither."""
    now = datetime.now(UTC)
    bare = parse(_stored("submitting", task=None), "x")
    assert bare.seconds_left() == 0.0
    ends = (now + timedelta(seconds=60)).isoformat()
    assert attrs.evolve(bare, expires=ends, times={}).seconds_left() == 0.0
    fresh = bare.submitting(60)
    assert 59 < fresh.seconds_left() <= 60
    assert attrs.evolve(fresh, expires=now.isoformat()).seconds_left() <= 0
    assert fresh.to(ReceiptState.UNCERTAIN).expires == fresh.expires


def test_a_submitted_receipt_has_no_end_and_no_prompt_in_its_repr() -> None:
    """Once there is a task nothing expires; and what was asked stays out of logs."""
    receipt = parse(_stored("submitting", task=None), "x").submitting(60)
    submitted = receipt.submitted(UNIFIED.task(model="grok-video-3"))
    assert (submitted.expires, submitted.state) == (None, ReceiptState.SUBMITTED)
    assert submitted.task == {"id": UNIFIED.task_id, "format": "unified", "model": "grok-video-3"}
    assert "A kitten" not in repr(submitted)


def test_without_locks_receipts_are_still_claimed_by_one(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system that has no locks, each process writes a draft of its own, and one of many claims wins."""
    import fcntl

    drafts: set[str] = set()
    really = Path.open

    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    def opened(path: Path, *args: Any, **kwargs: Any) -> Any:
        drafts.add(path.name)
        return really(path, *args, **kwargs)

    monkeypatch.setattr(fcntl, "flock", no_locks)
    monkeypatch.setattr(Path, "open", opened)
    new = parse(_stored("submitting", task=None), "x")
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda: won.append(LocalReceipt(target).swap(None, new)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert len({name for name in drafts if name.startswith(".")}) == 8
    assert LocalReceipt(target).swap(new, None)
    assert list(target.parent.iterdir()) == []


def test_what_another_hand_took_away_hides_no_error(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taking back a claim that may not last, and removing a receipt that is gone, do not fail in their turn."""
    from chainhub_video.receipts import file

    store, new = LocalReceipt(target), parse(_stored("submitting", task=None), "x")

    def lost(_folder: Path) -> None:
        Path(store.name).unlink(missing_ok=True)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(file, "sync_folder", lost)
    with pytest.raises(OSError, match="Input/output error"):
        store.swap(None, new)
    assert store.load() is None
    assert LocalReceipt(target / "x").load() is None  # its folder is a file, or is not there
    target.write_bytes(b"")
    assert LocalReceipt(target / "x").load() is None
    assert LocalReceipt(target.with_name("x" * 250)).load() is None


def test_the_gateways_word_for_the_model_counts() -> None:
    """A created task has the model that the gateway names, and the one asked for where it names none."""
    for named, model in (("grok-video-3-fast", "grok-video-3-fast"), (None, "grok-video-3")):
        world = World(reply(UNIFIED.created(model=named)))
        task = world.play(create(world, Settings(api_key="the-key"), REQUEST))
        assert task.model == model
