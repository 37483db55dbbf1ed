"""A receipt in a real bucket: claimed by one of many, told from others' when answers are lost, by the store's clock."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import attrs
import pytest
from chainhub_video import InvalidRequest, Receipt, ReceiptConflict, ReceiptState, RetryPolicy
from chainhub_video.objects.address import address_in
from chainhub_video.objects.bucket import (
    LONGEST_WRITE,
    StoreFailed,
    bucket_at,
)
from chainhub_video.objects.receipts import ObjectReceipt, receipts_below
from chainhub_video.receipts.receipt import fingerprint_of, wait_until_settled

from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.virtual import World, reply
from tests.support.wires import UNIFIED

from .s3server import BUCKET, Application, Environ, S3Server, refuse, refusing, unheard, where

KEY = "cats/kitten.mp4.task.json"
REQUEST = {"gateway": "https://gateway.example", "prompt": "A kitten", "pictures": []}
QUICK = RetryPolicy(first=0.002, maximum=0.004, jitter=0)


def store(name: str = "kitten.mp4") -> ObjectReceipt:
    """Where the receipt of a video in the bucket is kept, as another process sees it."""
    address = address_in(f"s3://{BUCKET}/cats/{name}")
    assert address is not None
    return ObjectReceipt(address, bucket_at(address, QUICK))


def claim(seconds: float = 60.0) -> Receipt:
    """The receipt of a create that is about to be sent."""
    fresh = Receipt(
        state=ReceiptState.SUBMITTING, fingerprint=fingerprint_of(REQUEST), request=REQUEST
    )
    return fresh.submitting(seconds)


def test_one_of_many_claims(s3: S3Server) -> None:
    """Of many stores that put a receipt where there is none, one has done it; the same when one is replaced.

    What was given back is no receipt, is never deleted, and may be claimed again, once.
    """
    old, first = claim(), store()

    def claimed(swap: Callable[[ObjectReceipt], bool]) -> int:
        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(swap, [store() for _ in range(8)])).count(True)

    assert claimed(lambda each: each.swap(None, old)) == 1
    assert claimed(lambda each: each.swap(old, attrs.evolve(old, reason=each.name))) == 1
    assert first.swap(first.load(), None)
    assert claimed(lambda each: each.swap(None, old)) == 1
    assert s3.keys() == [KEY]
    assert not any(line.startswith("DELETE") and KEY in line for line in s3.requests)


def test_the_probe_is_sent_once_and_leaves_nothing(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds out whether the store keeps to conditions is asked once a process, and removed again."""
    monkeypatch.setenv("AWS_EXTRA", "a process that has not asked yet")
    assert store().swap(None, claim())
    probes = [line for line in s3.requests if ".chainhub-probe-" in line]
    assert store("other.mp4").swap(None, claim())
    assert len(probes) == 6
    assert [line for line in s3.requests if ".chainhub-probe-" in line] == probes
    assert s3.keys() == [KEY, "cats/other.mp4.task.json"]


def test_a_claim_whose_answer_was_lost_is_ours(s3: S3Server) -> None:
    """A put that was done, and is refused when it is sent again, is told by its token; another's is not."""
    store().swap(None, claim())  # the probe has been
    s3.remove(KEY)
    s3.fault = where(f"PUT .*{KEY}", unheard, times=1)
    ours, mine = store(), claim()
    assert ours.swap(None, mine)
    assert s3.fault is not None
    puts = [line for line in s3.requests if line == f"PUT /{BUCKET}/{KEY}"]
    assert len(puts) == 3
    assert not store().swap(None, mine)
    s3.fault = where(f"PUT .*{KEY}", unheard, times=1)
    assert ours.swap(mine, later := mine.submitting(60))
    s3.fault = where(f"PUT .*{KEY}", unheard, times=1)
    assert ours.swap(later, None)
    assert store().load() is None
    assert json.loads(s3.read(KEY))["state"] == "released"


def test_only_the_claim_that_is_ours_is_replaced(s3: S3Server) -> None:
    """A claim of another process in the same moment is equal in all but its token, and is left alone."""
    mine = claim()
    ours, theirs = store(), store()
    assert ours.swap(None, mine)
    assert theirs.swap(store().load(), equal := attrs.evolve(mine))
    assert not ours.swap(mine, None)
    assert theirs.swap(equal, None)
    assert s3.keys() == [KEY]


@pytest.mark.parametrize("header", ["HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"])
def test_a_store_that_ignores_conditions_is_refused(
    hub: Any, gateway: Gateway, s3: S3Server, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found out before anything is sent, and the message names the condition; nothing is left there."""

    def fault(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        environ.pop(header, None)
        return server(environ, start)

    monkeypatch.setenv("AWS_EXTRA", header)
    s3.fault = fault
    words = header.removeprefix("HTTP_").title().replace("_", "-")
    with pytest.raises(InvalidRequest, match=f"does not keep to {words}.*nothing was sent"):
        UNIFIED.generate(hub, save_to=f"s3://{BUCKET}/cats/kitten.mp4")
    assert gateway.arrived == []
    assert s3.keys() == []


def modified(ago: float) -> Callable[..., Iterable[bytes]]:
    """A fault that makes objects look older than they are, but not what the probe has put."""
    when = format_datetime(datetime.now(UTC) - timedelta(seconds=ago), usegmt=True)

    def fault(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            if environ["PATH_INFO"].endswith(KEY):
                headers = [(n, when if n.lower() == "last-modified" else v) for n, v in headers]
            return start(status, headers, *more)

        return server(environ, begin)

    return fault


def test_a_claim_lasts_by_the_clock_of_the_store(s3: S3Server) -> None:
    """However wrong the clocks of two machines are: a claim lasts as long as it was given, and no longer."""
    mine = claim(600)
    for hours in (-3, 0, 3):  # what the claiming machine's clock is wrong by
        moved = json.loads(mine.to_json())
        for times, name in ((moved["times"], "submitting"), (moved, "expires")):
            moment = datetime.fromisoformat(times[name]) + timedelta(hours=hours)
            times[name] = moment.isoformat()
        s3.put(KEY, json.dumps(moved).encode())
        fresh = store().load()
        assert fresh is not None
        assert 600 < fresh.seconds_left() <= 600 + LONGEST_WRITE
        s3.fault = modified(ago=3600)
        dead = store().load()
        assert dead is not None
        assert dead.seconds_left() <= 0
        s3.fault = None


def test_where_no_clock_tells_a_claim_is_watched_for_all_its_time(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not write cannot ask the store's time, and takes a claim for dead after watching it to its own end."""
    assert store().swap(None, claim(600))
    monkeypatch.setenv("AWS_EXTRA", "a process that may only read")
    s3.fault = where("PUT ", refusing("403 Forbidden", "AccessDenied"))
    monkeypatch.setattr("chainhub_video.receipts.receipt._LOOK_EVERY", 60.0)
    world = World(reply())
    began = world.clock
    found = world.play(wait_until_settled(world, store(), deadline=None))
    assert found is not None
    assert found.state is ReceiptState.SUBMITTING
    assert world.clock - began == pytest.approx(600 + LONGEST_WRITE, abs=1)


def test_receipts_below_a_prefix_are_given_one_after_the_other(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with its video's address; a torn one as its error, no blank, no other object; and nothing is written."""
    for name in ("a.mp4", "b.mp4", "gone.mp4"):
        assert store(name).swap(None, claim())
    gone = store("gone.mp4")
    assert gone.swap(gone.load(), None)
    s3.put("cats/torn.mp4.task.json", b"{")
    s3.put("cats/a.mp4", b"video")
    s3.put("catsup/c.mp4.task.json", claim().to_json().encode())
    monkeypatch.setenv("AWS_EXTRA", "a process that only lists")
    s3.requests.clear()
    found = dict(receipts_below(f"s3://{BUCKET}/cats/", retry=QUICK))
    assert {line.partition(" ")[0] for line in s3.requests} == {"GET"}
    kinds = {url.removeprefix(f"s3://{BUCKET}/cats/"): type(each) for url, each in found.items()}
    assert kinds == {"a.mp4": Receipt, "b.mp4": Receipt, "torn.mp4": ReceiptConflict}
    assert len(list(receipts_below(f"s3://{BUCKET}", retry=QUICK))) == 4
    s3.fault = refusing("403 Forbidden", "AccessDenied")
    with pytest.raises(StoreFailed, match="must be allowed to read, write and list"):
        next(receipts_below(f"s3://{BUCKET}/cats", retry=QUICK))


_JOB = """
    import sys
    from chainhub_video import ChainHub, PollPolicy
    poll = PollPolicy(first=0.01, interval=0.05, minimum=0.01)
    with ChainHub(base_url=sys.argv[1], api_key="the-key", poll=poll) as hub:
        hub.videos.resume  # all is imported
        print("ready", flush=True)
        sys.stdin.readline()
        print(hub.videos.generate("A kitten", model="grok-video-3", aspect_ratio="3:2", save_to=sys.argv[2]).sha256)
"""


def test_processes_that_race_for_an_object_pay_once(
    gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """Two processes that begin at the same moment: one create, and both get the video."""
    script(gateway, UNIFIED, video)
    command = [sys.executable, "-c", textwrap.dedent(_JOB), gateway.url, f"s3://{BUCKET}/cats/kitten.mp4"]  # fmt: skip
    jobs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for job in jobs:
        assert job.stdout is not None
        assert job.stdout.readline() == "ready\n"
    for job in jobs:
        assert job.stdin is not None
        job.stdin.write("\n")
        job.stdin.flush()
    told = {job.communicate(timeout=120)[0] for job in jobs}
    assert len(told) == 1
    assert [job.returncode for job in jobs] == [0, 0]
    assert sent(gateway)[0] == 1
    assert s3.read("cats/kitten.mp4") == video


@pytest.mark.parametrize("header", ["HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH"])
def test_a_store_without_conditional_puts_is_refused(
    hub: Any, gateway: Gateway, s3: S3Server, header: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that answers 501 to the header, as S3 says it, is told in words before anything is sent; no probe stays."""

    def fault(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        if header in environ and environ["REQUEST_METHOD"] == "PUT":
            return refuse(start, "501 Not Implemented", "NotImplemented")
        return server(environ, start)

    monkeypatch.setenv("AWS_EXTRA", f"501 {header}")
    s3.fault = fault
    with pytest.raises(
        InvalidRequest, match=r"does not keep to conditional puts.*nothing was sent"
    ):
        UNIFIED.generate(hub, save_to=f"s3://{BUCKET}/cats/kitten.mp4")
    assert gateway.arrived == []
    assert s3.keys() == []


def test_conditions_that_the_environment_turns_off_are_used_all_the_same(
    s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `AWS_CONDITIONAL_PUT=disabled` a claim is still put where there is none: one of two is refused."""
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
    store()._bucket.check_conditions(KEY)
    assert [store().swap(None, claim()) for _ in range(2)] == [True, False]
    assert s3.keys() == [KEY]
