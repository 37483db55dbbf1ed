"""Halves of two videos are never saved as one: every partial answer is compared with the first one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask
from chainhub_video.downloads.ranges import offered_range
from chainhub_video.io import Reply

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, ranged, whole
from tests.support.wires import UNIFIED

CUT = 800
DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
FIRST = {**MP4, "ETag": '"v1"', "Last-Modified": DATE}


def _twin(video: bytes) -> bytes:
    """Another video of the same length whose boxes are all in order, so that only headers can tell them apart."""
    return video[:-300] + bytes(byte ^ 255 for byte in video[-300:])


def _part(video: bytes, headers: Mapping[str, str | None], span: str | None = None) -> Answer:
    """The rest of a video, with some of the first answer's headers changed or left out."""
    span = span or f"bytes {CUT}-{len(video) - 1}/{len(video)}"
    told = {**FIRST, "Content-Range": span, **headers}
    return say(206, video[CUT:], {name: text for name, text in told.items() if text is not None})


def _chunked(video: bytes, span: str) -> Answer:
    """A partial answer without a length, that brings more or less than its range says."""

    def play(wire: Any, _: Arrived) -> bool:
        head = f'HTTP/1.1 206 Partial Content\r\nETag: "v1"\r\nContent-Range: {span}\r\n'
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(video) - CUT, video[CUT:])
        wire.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body)
        return True

    return Answer(play)


def _splices(video: bytes) -> dict[str, Answer]:
    other, size = _twin(video), len(video)
    longer = f"bytes {CUT}-{size + 99}/{size + 100}"
    return {
        "another ETag": _part(other, {"ETag": '"v2"'}),
        "a weak ETag of the same letters": _part(other, {"ETag": 'W/"v1"'}),
        "no ETag": _part(other, {"ETag": None}),
        "another date": _part(other, {"Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}),
        "another total": say(206, other[CUT:] + bytes(100), {**FIRST, "Content-Range": longer}),
        "a shorter total": say(
            206,
            other[CUT:-100],
            {**FIRST, "Content-Range": f"bytes {CUT}-{size - 101}/{size - 100}"},
        ),
        "no range": _part(other, {"Content-Range": None}),
        "another unit": _part(other, {}, f"pieces {CUT}-{size - 1}/{size}"),
        "an end beyond the total": _part(other, {}, f"bytes {CUT}-{size}/{size}"),
        "an end before the start": _part(other, {}, f"bytes {CUT}-{CUT - 1}/{size}"),
        "a range other than the length": _part(other, {}, f"bytes {CUT}-{size - 2}/{size}"),
        "more than the range": _chunked(other, f"bytes {CUT}-{size - 101}/{size}"),
        "an earlier place": _part(other, {}, f"bytes {CUT - 1}-{size - 2}/{size}"),
        "a later place": _part(other, {}, f"bytes {CUT + 1}-{size - 1}/{size}"),
        "encoded bytes": _part(other, {"Content-Encoding": "br"}),
        "unknown total, end beyond the first": say(
            206, other[CUT:] + b"x", {**FIRST, "Content-Range": f"bytes {CUT}-{size}/*"}
        ),
    }


@pytest.mark.parametrize("kind", _splices(bytes(2000)))
def test_a_splice_is_refused_and_the_video_begun_anew(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes, kind: str
) -> None:
    """Whatever differs or lies in a partial answer, nothing of it is kept, and the next request asks for all."""
    elsewhere.on(
        LINK, say(200, video, FIRST, sent=CUT), _splices(video)[kind], say(200, video, FIRST)
    )
    whole(hub.videos.download(linked, target), target, video)
    asked = [arrived.headers.get("range") for arrived in elsewhere.arrived]
    assert asked == [None, f"bytes={CUT}-", None]


def test_the_rest_of_the_same_version_is_taken(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """The control of the others: the same partial answer with nothing changed continues the download."""
    elsewhere.on(LINK, say(200, video, FIRST, sent=CUT), _part(video, {}))
    whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.count(LINK) == 2


def test_a_server_that_always_splices_saves_nothing(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """If no answer can be trusted, the download fails, and says why; it does not go on for ever."""

    def play(wire: Any, arrived: Arrived) -> bool:
        number = elsewhere.count(LINK)
        tag = {"ETag": f'"v{number}"'}
        if "range" in arrived.headers:
            return _part(video, tag).play(wire, arrived)
        return say(200, video, {**FIRST, **tag}, sent=CUT).play(wire, arrived)

    elsewhere.on(LINK, Answer(play))
    with pytest.raises(DownloadFailed, match=r"ETag is another one|cut after"):
        hub.videos.download(linked, target)
    assert not target.exists()


@pytest.mark.parametrize(
    ("span", "taken"),
    [
        ("bytes 0-{last}/{size}", True),
        ("bytes 0-{last}/*", True),
        ("bytes 1-{size}/{more}", False),
        ("bytes 0-{size}/{more}", False),
        (None, False),
    ],
)
def test_a_partial_answer_that_nobody_asked_for(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    span: str | None,
    taken: bool,
) -> None:
    """206 without a Range is taken if it is the file from its beginning by its own words, and refused if not."""
    size = len(video)
    headers = dict(FIRST)
    if span is not None:
        headers["Content-Range"] = span.format(last=size - 1, size=size, more=size + 1)
    elsewhere.on(LINK, say(206, video, headers), say(200, video, FIRST))
    whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.count(LINK) == (1 if taken else 2)


def test_the_beginning_alone_is_continued(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that gives only a first part, unasked, is asked for the rest."""
    first = {**FIRST, "Content-Range": f"bytes 0-{CUT - 1}/{len(video)}"}
    elsewhere.on(LINK, say(206, video[:CUT], first), _part(video, {}))
    saved = hub.videos.download(linked, target)
    whole(saved, target, video)
    assert (saved.verified, elsewhere.arrived[1].headers["range"]) == ("length", f"bytes={CUT}-")


def test_another_link_is_no_continuation(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """If a fresh link leads to another place, its file is fetched from its beginning, whatever its ETag is called."""
    fresh = "/fresh.mp4"
    elsewhere.on(LINK, say(200, _twin(video), FIRST, sent=CUT), say(403))
    elsewhere.on(fresh, ranged(video))
    gateway.on("query", tell(UNIFIED.seen("completed", video_url=f"{elsewhere.url}{fresh}")))
    whole(hub.videos.download(completed(UNIFIED, f"{elsewhere.url}{LINK}"), target), target, video)
    assert [arrived.headers.get("range") for arrived in elsewhere.arrived] == [
        None, f"bytes={CUT}-", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "bytes", "bytes */5", "bytes 0-/5", "bytes -5/5", "bytes 0-4", "bytes 0-4/5/6",
             "bytes 0-4/" + "9" * 30, "bytes \u0660-\u0664/\u0665", "bytes 0-4/x", "bytes=0-4/5"],
)  # fmt: skip
def test_a_range_that_is_none_is_none(text: str) -> None:
    """Nothing but the form of RFC 9110 is read as a range."""
    assert offered_range(Reply(206, {"content-range": text}, b"")) is None
