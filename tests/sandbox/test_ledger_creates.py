"""What the ledger says of creates: how often each arrived, what it would have cost, and what became of it."""

from __future__ import annotations

import base64
import time

import httpx
import pytest
from chainhub_sandbox.tasks import SentBytes

from tests.support.sandbox_caller import Caller, png


def _print_of_last(caller: Caller) -> str:
    return caller.gateway.requests[-1].fingerprint


def test_fingerprints_tell_requests_apart(caller: Caller) -> None:
    """Every field and every picture counts, the format as well; the file's name and the order of fields do not."""
    red, blue = png("red"), png("blue")
    prints: list[str] = []
    caller.create_openai(red)
    prints.append(_print_of_last(caller))
    for picture, changes in [
        (blue, {}),
        (red, {"prompt": "Another"}),
        (red, {"seconds": "3"}),
        (red, {"watermark": "true"}),
        (red, {"job": "1"}),
    ]:
        caller.create_openai(picture, **changes)
        prints.append(_print_of_last(caller))
    uris = [
        "data:image/png;base64," + base64.b64encode(picture).decode() for picture in (red, blue)
    ]
    for images in ([], uris[:1], uris[1:], uris, uris[::-1], ["https://example.com/a.png"]):
        caller.create_unified(images=images)
        prints.append(_print_of_last(caller))
    assert len(set(prints)) == len(prints)
    assert all(len(name) == 64 for name in prints)
    caller.create_openai(red)
    assert _print_of_last(caller) == prints[0]
    reordered = {"images": uris[:1], "size": "720P", "aspect_ratio": "3:2", "model": "grok-video-3"}
    caller.http.post("/v1/video/create", json=reordered | {"prompt": "The kitten is eating fish"})
    assert _print_of_last(caller) == prints[7]


def test_the_same_picture_in_other_words(caller: Caller) -> None:
    """A data URI counts by the picture's bytes, however they are written."""
    picture = base64.b64encode(png("green")).decode()
    for uri in (f"data:image/png;base64,{picture}", f"DATA:image/x;base64,{picture}"):
        caller.create_unified(images=[uri], prompt="two spellings")
    one, other = caller.gateway.requests[-2:]
    assert one.fingerprint == other.fingerprint


def test_creates_are_counted_by_fingerprint(fresh_caller: Caller) -> None:
    """Arrived, paid, and by which tasks: per request, as data and over HTTP."""
    gateway = fresh_caller.gateway
    gateway.fault("create", "status", status=500, times=1)
    refused = fresh_caller.create_unified(prompt="one")
    accepted = [fresh_caller.create_unified(prompt="one") for _ in range(2)]
    other = fresh_caller.create_openai()
    assert refused.status_code == 500
    first, second = gateway.creates
    assert (first.format, first.body["prompt"], first.arrived) == ("unified", "one", 3)
    assert [task.id for task in first.tasks] == [answer.json()["id"] for answer in accepted]
    assert (second.format, second.arrived) == ("openai", 1)
    assert [task.id for task in second.tasks] == [other.json()["id"]]
    ledger = fresh_caller.http.get("/_sandbox/ledger").json()
    assert ledger["paid"] == gateway.paid == 3
    assert [create["fingerprint"] for create in ledger["creates"]] == [
        first.fingerprint,
        second.fingerprint,
    ]
    assert ledger["creates"][0]["tasks"][1]["id"] == accepted[1].json()["id"]


def test_a_broken_off_create_is_counted_as_unread(fresh_caller: Caller) -> None:
    """A create that breaks off before its end is no arrival of any request, and still is told."""
    gateway = fresh_caller.gateway
    gateway.fault("create", "reset", moment="arrival", times=1)
    with pytest.raises(httpx.TransportError):
        fresh_caller.create_unified()
    assert (gateway.unread, gateway.creates, gateway.paid) == (1, [], 0)


def test_whether_a_video_was_fetched_whole(fresh_caller: Caller) -> None:
    """Half a download does not count, its other half by a range does; and so for both formats."""
    gateway = fresh_caller.gateway
    openai, unified = fresh_caller.create_openai(), fresh_caller.create_unified()
    content = f"{gateway.url}/v1/videos/{fresh_caller.finish(openai)['id']}/content"
    link = fresh_caller.finish(unified)["video_url"]
    for create, url in zip(gateway.creates, (content, link), strict=True):
        step = "content" if create.format == "openai" else "link"
        key = fresh_caller.http.headers if step == "content" else {}

        def fetched(at: int = gateway.creates.index(create)) -> bool:
            return gateway.creates[at].tasks[0].fetched_whole

        size = create.tasks[0].size or 0
        assert not fetched()
        httpx.head(url, headers=key)
        httpx.get(url, headers={**key, "Range": "bytes=0-99"})
        httpx.get(url, headers={**key, "Range": f"bytes=200-{size}"})
        gateway.fault(step, "cut", bytes=50, times=1)
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url, headers={**key, "Range": "bytes=100-"})
        assert not fetched()
        httpx.get(url, headers={**key, "Range": "bytes=140-199"})
        deadline = time.monotonic() + 5  # it is booked once the last byte has left
        while not fetched() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fetched()
        assert gateway.creates[0].tasks[0].status == "completed"


def test_the_digest_is_that_of_the_file(fresh_caller: Caller) -> None:
    """The ledger's sha256 and size are those of the bytes that are sent; before there are any, there is none."""
    import hashlib

    created = fresh_caller.create_unified()
    video = fresh_caller.video(created)
    (task,) = fresh_caller.gateway.creates[0].tasks
    assert task.sha256 == hashlib.sha256(video).hexdigest()
    assert task.size == len(video)
    fresh_caller.create_openai(seconds="60")
    (early,) = fresh_caller.gateway.creates[1].tasks
    assert (early.sha256, early.size, early.fetched_whole) == (None, None, False)


def test_what_has_left_adds_up() -> None:
    """Parts count in any order, overlapping or not; a gap or a missing end does not."""
    sent = SentBytes()
    assert not sent.covers(10)
    for first, end in [(5, 10), (0, 2), (3, 5), (0, 0)]:
        sent.add(first, end)
    assert not sent.covers(10)
    sent.add(1, 4)
    assert sent.covers(10)
    assert not sent.covers(11)
