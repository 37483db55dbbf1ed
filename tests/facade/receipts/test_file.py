"""The file that a receipt is: refused when it is not right, never overwritten, claimed by one of many."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import json
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import attrs
import pytest
from chainhub_video import AsyncChainHub, LocalReceipt, Receipt, ReceiptConflict, ReceiptState
from chainhub_video.receipts.receipt import ReceiptLocked, fingerprint_of

from tests.support.receipted import known, leave, path_of, script
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import UNIFIED, Wire

REQUEST = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}


def _receipt(seconds: float = 60.0) -> Receipt:
    """A receipt of a create that is about to be sent."""
    return attrs.evolve(_uncertain(), state=ReceiptState.SUBMITTING).submitting(seconds)


def _uncertain() -> Receipt:
    """A receipt whose lock nobody keeps."""
    return Receipt(
        state=ReceiptState.UNCERTAIN, fingerprint=fingerprint_of(REQUEST), request=REQUEST
    )


def _refused(hub: Any, wire: Wire, gateway: Gateway, target: Path, *words: str) -> None:
    """Check that neither call sends anything, and that both name the receipt and what to do."""
    calls: tuple[Callable[[], Any], ...] = (
        lambda: wire.generate(hub, save_to=target, resubmit_uncertain=True),
        lambda: hub.videos.resume(target),
        lambda: hub.videos.resume(path_of(target)),
    )
    for call in calls:
        with pytest.raises(ReceiptConflict) as raised:
            call()
        for word in (str(path_of(target)), *words):
            assert word in str(raised.value)
    assert gateway.arrived == []


def test_a_receipt_that_is_not_right_is_refused_and_stays_as_it_is(
    hub: Any, gateway: Gateway, target: Path
) -> None:
    """Torn, or of a later version: nothing is sent, the message says what to do, and no byte of it changes."""
    whole = leave(gateway, hub, UNIFIED, target, "submitted", task=known(UNIFIED))
    later = json.dumps({**json.loads(whole), "version": 2, "news": {}}).encode()
    for content, words in (
        (whole[: len(whole) // 2], ("torn or was edited", "restore it", "move it away")),
        (later, ("later version", "receipt format 2", "upgrade")),
    ):
        path_of(target).write_bytes(content)
        _refused(hub, UNIFIED, gateway, target, *words)
        assert path_of(target).read_bytes() == content
        assert names(target.parent) == [path_of(target).name]


def test_a_folder_a_link_or_a_pipe_in_the_place_of_a_receipt_is_refused(
    hub: Any, gateway: Gateway, target: Path
) -> None:
    """None of them is followed, waited for or replaced: links that lead somewhere, nowhere, or to themselves."""
    place, other = path_of(target), target.with_name("other.json")
    other.write_bytes(b"precious")
    makers: tuple[Callable[[], None], ...] = (
        place.mkdir,
        lambda: place.symlink_to(other),
        lambda: place.symlink_to(target.with_name("nowhere")),
        lambda: place.symlink_to(place),
        lambda: os.mkfifo(place),
    )
    for make in makers:
        make()
        before = place.lstat()
        _refused(hub, UNIFIED, gateway, target, "must be an ordinary file", "move it away")
        assert place.lstat().st_ino == before.st_ino
        assert other.read_bytes() == b"precious"
        place.rmdir() if place.is_dir() else place.unlink()


@contextmanager
def _as_somebody() -> Iterator[None]:
    """Be bound by permissions, as root is not."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_an_unreadable_receipt_is_refused() -> None:
    """A receipt that may not be read is named with the system's reason, and not taken for none."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        target = Path(folder) / "kitten.mp4"
        store = LocalReceipt(target)
        with _as_somebody():
            assert store.swap(None, _receipt())
            path_of(target).chmod(0)
            with pytest.raises(ReceiptConflict, match=r"cannot be read \(Permission denied\)"):
                store.load()
            with pytest.raises(ReceiptConflict):
                store.swap(_receipt(), None)
            assert not store.swap(None, _receipt())
        assert path_of(target).stat().st_size > 0


def test_of_many_that_swap_the_same_receipt_one_succeeds(target: Path) -> None:
    """Threads that claim, or replace the same receipt by their own, have one winner, and leave no draft."""
    store = LocalReceipt(target)
    old: Receipt | None = None
    with ThreadPoolExecutor(16) as pool:
        for _ in range(5):
            gate = threading.Barrier(16)
            wanted = [_receipt(60 + number) for number in range(16)]

            def swap(new: Receipt) -> bool:
                gate.wait()  # noqa: B023 - it is called in this round
                return store.swap(old, new)  # noqa: B023

            won = list(pool.map(swap, wanted))
            assert won.count(True) == 1
            old = store.load()
            assert old == wanted[won.index(True)]
    assert names(target.parent) == [path_of(target).name]
    assert store.swap(old, None)
    assert names(target.parent) == []


def test_a_file_system_without_links_has_claims_as_well(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file cannot have two names, the first still wins, and the second changes nothing."""

    def link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    store, first = LocalReceipt(target), _receipt()
    assert store.swap(None, first)
    assert not store.swap(None, _receipt(99))
    assert store.load() == first
    assert names(target.parent) == [path_of(target).name]


def test_a_claim_that_cannot_be_synced_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that a power cut could undo is taken back, unless the system knows no syncing of folders at all."""
    really = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == tmp_path:
            raise OSError(code, os.strerror(code))
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    code = errno.EIO
    with pytest.raises(OSError, match="Input/output"):
        LocalReceipt(tmp_path / "kitten.mp4").swap(None, _receipt())
    assert names(tmp_path) == []
    for code in (errno.EINVAL, errno.ENOTSUP):
        assert LocalReceipt(tmp_path / f"{code}.mp4").swap(None, _receipt())


def test_a_draft_that_a_killed_process_left_is_used_up(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """What was being written when a process was killed is neither believed nor left lying about."""
    target.with_name(f".{path_of(target).name}.draft").write_bytes(b'{"version": 1, "state": "sav')
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    assert names(target.parent) == [target.name, path_of(target).name]


@pytest.mark.parametrize("linked", [False, True], ids=["not yet in place", "in place"])
def test_a_killed_process_does_not_spoil_the_next_change(target: Path, linked: bool) -> None:
    """A draft whose writer was killed, just before or just after it became the receipt as well, is taken away."""
    store, old = LocalReceipt(target), _uncertain()
    new = attrs.evolve(old, reason="it is not there any more")
    assert store.swap(None, old)
    draft = target.with_name(f".{path_of(target).name}.draft")
    if linked:
        os.link(path_of(target), draft)
    else:
        draft.write_text(new.to_json())
    assert store.load() == old
    assert not LocalReceipt(target).swap(None, new)
    assert store.load() == old
    assert store.swap(old, new)
    assert store.load() == new
    assert names(target.parent) == [path_of(target).name]


def test_receipts_of_one_folder_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """While the lock of one output's receipt is held, another's is claimed and changed at once."""
    with (tmp_path / ".kitten.mp4.task.json.draft").open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ReceiptLocked, match="kitten"):
            LocalReceipt(tmp_path / "kitten.mp4").swap(None, _uncertain())
        other = LocalReceipt(tmp_path / "puppy.mp4")
        assert other.swap(None, _uncertain())
        assert other.swap(_uncertain(), None)


def test_an_output_and_its_receipt_are_the_same_place(target: Path) -> None:
    """A store is found by either path, as text or as a Path."""
    assert LocalReceipt.of(str(target)).name == LocalReceipt.of(path_of(target)).name
    assert LocalReceipt.of(target / "beyond" / "a file").load() is None


class _Slow(LocalReceipt):
    """A receipt whose first change goes through only once the test says so."""

    def __init__(self, target: Path, started: Event, released: Event) -> None:
        super().__init__(target)
        self._started, self._released = started, released

    def swap(self, old: Receipt | None, new: Receipt | None) -> bool:
        """Put it there late, but only the first time."""
        if not self._started.is_set():
            self._started.set()
            assert self._released.wait(10)
        return super().swap(old, new)


@pytest.mark.parametrize("cancellations", [1, 3])
def test_what_a_cancelled_call_leaves_is_not_changed_by_a_thread_that_comes_late(
    gateway: Gateway, target: Path, cancellations: int
) -> None:
    """A call that is cancelled while a thread claims its receipt waits for that thread, and takes the claim back."""
    started, released = Event(), Event()

    async def cancelled() -> None:
        async with AsyncChainHub(
            base_url=gateway.url,
            api_key="the-key",
            receipts=lambda path: _Slow(path, started, released),
        ) as hub:
            job = asyncio.create_task(hub.videos.generate(**UNIFIED.arguments, save_to=target))
            await asyncio.to_thread(started.wait, 10)
            for _ in range(cancellations):
                job.cancel()
                await asyncio.sleep(0.02)
            assert not job.done()
            released.set()
            with pytest.raises(asyncio.CancelledError):
                await job

    asyncio.run(cancelled())
    assert LocalReceipt(target).load() is None
    assert names(target.parent) == []
    assert gateway.arrived == []
