"""A video on its way into a bucket: in parts as it comes, visible only when whole, and nothing left of what failed."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from threading import Event
from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask
from chainhub_video.objects.address import address_in
from chainhub_video.objects.bucket import PART, bucket_at
from chainhub_video.objects.upload import ObjectPart

from tests.facade.downloads.test_mp4 import FTYP, MOOV, box
from tests.support.answering import say
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, ranged

from .s3server import BUCKET, Application, Environ, S3Server, refusing, unheard, where
from .test_receipts import QUICK

KEY = "cats/long.mp4"
URL = f"s3://{BUCKET}/{KEY}"
LONG = FTYP + MOOV + box("mdat", os.urandom(2 * PART + 1_000_000))
BLOCK = 1 << 19


@pytest.fixture
def part(s3: S3Server) -> ObjectPart:
    """An upload to a place where an older video is."""
    s3.put(KEY, b"older")
    address = address_in(URL)
    assert address is not None
    return ObjectPart(bucket_at(address, QUICK), KEY)


def fill(part: ObjectPart, data: bytes) -> None:
    """Write in blocks, as a download does."""
    for start in range(0, len(data), BLOCK):
        part.write(bytearray(data[start : start + BLOCK]))


def ended() -> None:
    """Wait until no upload is at work in the background."""
    for thread in threading.enumerate():
        if thread.name.startswith("upload of "):
            thread.join(60)
            assert not thread.is_alive()


def test_parts_leave_while_the_video_comes(part: ObjectPart, s3: S3Server) -> None:
    """A part is in the bucket before the video has ended, the older one is read until the new one is whole."""
    arrived = Event()

    def tell(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        answer = server(environ, start)
        arrived.set()
        return answer

    s3.fault = where("partNumber=1", tell)
    fill(part, LONG[:-1])
    assert arrived.wait(60)
    assert s3.read(KEY) == b"older"
    with pytest.raises(ValueError, match="lacks 1 of"):
        part.check()
    part.write(LONG[-1:])
    part.check()
    assert part.finish() == hashlib.sha256(LONG).hexdigest()
    assert s3.read(KEY) == LONG
    assert s3.uploads() == []
    assert part.etag is not None
    assert part.etag.endswith('-3"')


@pytest.mark.parametrize("end", ["discard", "restart"])
def test_what_is_given_up_leaves_nothing(part: ObjectPart, s3: S3Server, end: str) -> None:
    """An upload that is discarded or begun anew is aborted with its parts; the older video stays until a whole one."""
    fill(part, LONG[: PART + BLOCK])
    getattr(part, end)()
    ended()
    assert s3.uploads() == []
    assert s3.read(KEY) == b"older"
    if end == "restart":
        assert part.size == 0
        fill(part, LONG)
        part.finish()
        assert s3.read(KEY) == LONG
        assert s3.requests.count(f"POST /{BUCKET}/{KEY}?uploads=") == 2


@pytest.mark.parametrize("refused", ["[?]uploads=", "partNumber=2", "POST .*[?]uploadId=[^&]*$"])
def test_what_the_store_refuses_is_an_error_that_leaves_nothing(
    part: ObjectPart, s3: S3Server, refused: str
) -> None:
    """Whatever request is refused, the error names the place, the parts are gone, the older video stays."""
    s3.fault = where(refused, refusing("403 Forbidden", "AccessDenied"))
    with pytest.raises(OSError, match=f"{URL} could not be written: access is denied"):  # noqa: PT012 - at whichever
        fill(part, LONG)
        part.finish()
    part.discard()
    ended()
    assert s3.uploads() == []
    assert s3.read(KEY) == b"older"


def test_the_last_answer_of_an_upload_may_be_lost(part: ObjectPart, s3: S3Server) -> None:
    """If the object was made, and the store has told nobody, the object itself tells that it is ours."""
    s3.fault = where("[?]uploadId=[^&]*$", unheard, times=1)
    fill(part, LONG)
    assert part.finish() == hashlib.sha256(LONG).hexdigest()
    assert sum("?uploadId=" in line and line.startswith("POST") for line in s3.requests) == 2
    assert s3.read(KEY) == LONG


def test_a_short_video_is_one_put(part: ObjectPart, s3: S3Server) -> None:
    """What is no longer than a part needs a single request."""
    fill(part, short := LONG[:PART])
    part.finish()
    assert s3.read(KEY) == short
    assert not any("?" in line for line in s3.requests)


def test_a_download_that_breaks_off_goes_on_in_the_same_upload(
    hub: Any, linked: VideoTask, elsewhere: Gateway, s3: S3Server
) -> None:
    """After a cut only the missing bytes are asked for, and the parts that are in the bucket stay."""
    elsewhere.on(LINK, ranged(LONG, cut=PART + BLOCK + 7))
    saved = hub.videos.download(linked, URL)
    assert (saved.url, saved.sha256) == (URL, hashlib.sha256(LONG).hexdigest())
    assert saved.verified == "length"
    assert s3.read(KEY) == LONG
    assert len(elsewhere.arrived) == 2
    assert s3.requests.count(f"POST /{BUCKET}/{KEY}?uploads=") == 1


def test_another_video_in_the_middle_begins_a_new_upload(
    hub: Any, linked: VideoTask, elsewhere: Gateway, s3: S3Server, video: bytes
) -> None:
    """If the server has another file by now, nothing of the first one stays in the bucket."""
    elsewhere.on(LINK, ranged(LONG, '"v0"', cut=PART + BLOCK + 7), ranged(video, '"v1"'))
    assert hub.videos.download(linked, URL).size == len(video)
    ended()
    assert s3.read(KEY) == video
    assert s3.uploads() == []


def test_a_download_that_is_ended_from_outside_leaves_nothing(
    hub: Any, linked: VideoTask, elsewhere: Gateway, s3: S3Server
) -> None:
    """Whoever interrupts it, here the caller's own function, has the upload aborted; the older video stays."""
    s3.put(KEY, b"older")
    elsewhere.on(LINK, ranged(LONG))

    def stop(seen: int, _total: int | None) -> None:
        if seen > PART + BLOCK:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        hub.videos.download(linked, URL, on_progress=stop)
    ended()
    assert f"POST /{BUCKET}/{KEY}?uploads=" in s3.requests
    assert s3.uploads() == []
    assert s3.read(KEY) == b"older"


def test_a_cut_video_is_not_put(
    hub: Any, linked: VideoTask, elsewhere: Gateway, s3: S3Server, video: bytes
) -> None:
    """A video that is not whole never takes the place of an older one."""
    s3.put(KEY, b"older")
    elsewhere.on(LINK, say(200, video[:-9], MP4))
    with pytest.raises(DownloadFailed, match="the video is cut"):
        hub.videos.download(linked, URL)
    assert s3.read(KEY) == b"older"
