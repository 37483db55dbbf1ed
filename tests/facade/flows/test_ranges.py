"""A download that broke off goes on where it was, or starts over, but never saves halves of two videos as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from chainhub_video import DownloadFailed, VideoTask

from tests.support.answering import Answer, Arrived, abort, say, tell
from tests.support.downloads import Download
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, ranged, whole
from tests.support.wires import OPENAI, UNIFIED

Fetch: TypeAlias = Callable[..., list[Arrived]]

CUT = 800
DATE = "Sat, 21 Nov 2026 09:00:00 GMT"
ETAG = {**MP4, "ETag": '"v1"'}
FIRST = {**ETAG, "Last-Modified": DATE}


@pytest.fixture
def fetch(hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes) -> Fetch:
    """Save a video whose link gives some answers, check that it is whole, and return the requests."""

    def fetched(*answers: Answer) -> list[Arrived]:
        elsewhere.arrived.clear()
        elsewhere.on(LINK, *answers)
        whole(hub.videos.download(linked, target), target, video)
        return list(elsewhere.arrived)

    return fetched


def _asked(arrived: list[Arrived]) -> list[str | None]:
    return [request.headers.get("range") for request in arrived]


@pytest.mark.parametrize("origin", ["link", "content"])
def test_a_cut_download_is_continued(download: Download, origin: str) -> None:
    """After a cut, only the missing bytes are asked for, guarded by the validator of the first answer."""
    piece = len(download.video) // 3 + 1
    host, step = (download.elsewhere, LINK) if origin == "link" else (download.gateway, "content")
    host.on(step, ranged(download.video, cut=piece))
    url = download.link if origin == "link" else None
    progress: list[tuple[int, int | None]] = []
    download.check(completed(OPENAI, url), on_progress=lambda *seen: progress.append(seen))
    assert [(a.headers.get("range"), a.headers.get("if-range")) for a in host.arrived] == [
        (None, None),
        (f"bytes={piece}-", '"v1"'),
        (f"bytes={2 * piece}-", '"v1"'),
    ]
    assert progress == sorted(progress)
    assert {total for _, total in progress} == {len(download.video)}


def _cut(video: bytes, headers: Mapping[str, str] = FIRST) -> Answer:
    """An answer that breaks off."""
    return say(200, video, headers, sent=CUT)


def test_a_date_is_a_validator_too(fetch: Fetch, video: bytes) -> None:
    """Last-Modified serves where there is no ETag."""
    arrived = fetch(_cut(video, {**MP4, "Last-Modified": DATE}), ranged(video, DATE))
    assert arrived[1].headers["if-range"] == DATE


def test_what_cannot_be_continued_starts_over(
    fetch: Fetch, video: bytes, other_video: bytes
) -> None:
    """A changed file, a server without Range, one that answers 416, and a missing or weak validator cost only bytes."""
    first, again = _cut(video, ETAG), say(200, video, ETAG)
    rest = f"bytes={CUT}-"
    assert _asked(fetch(ranged(other_video, '"v0"', cut=CUT), ranged(video))) == [None, rest]
    assert _asked(fetch(first, again)) == [None, rest]
    assert _asked(fetch(first, say(416), again)) == [None, rest, None]
    for headers in (MP4, {**MP4, "ETag": 'W/"weak"'}):
        assert _asked(fetch(_cut(video, headers), say(200, video, headers))) == [None, None]


def test_many_cuts_are_survived_while_there_is_progress(fetch: Fetch, video: bytes) -> None:
    """A proxy that truncates every answer does not defeat a download that gets further each time."""
    assert len(fetch(ranged(video, cut=len(video) // 30))) >= 30


def test_a_reset_in_the_middle_is_continued(fetch: Fetch, video: bytes) -> None:
    """A connection that is reset, not closed, while bytes flow is picked up as well."""

    def play(wire: Any, _: Arrived) -> bool:
        head = f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(video)}\r\n\r\n'
        wire.sendall(head.encode() + video[:700])
        abort(wire)
        return False

    fetch(Answer(play), ranged(video))


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
    longer = {**FIRST, "Content-Range": f"bytes {CUT}-{size + 99}/{size + 100}"}
    shorter = {**FIRST, "Content-Range": f"bytes {CUT}-{size - 101}/{size - 100}"}
    unknown = {**FIRST, "Content-Range": f"bytes {CUT}-{size}/*"}
    return {
        "another ETag": _part(other, {"ETag": '"v2"'}),
        "a weak ETag of the same letters": _part(other, {"ETag": 'W/"v1"'}),
        "no ETag": _part(other, {"ETag": None}),
        "another date": _part(other, {"Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}),
        "another total": say(206, other[CUT:] + bytes(100), longer),
        "a shorter total": say(206, other[CUT:-100], shorter),
        "no range": _part(other, {"Content-Range": None}),
        "another unit": _part(other, {}, f"pieces {CUT}-{size - 1}/{size}"),
        "an end beyond the total": _part(other, {}, f"bytes {CUT}-{size}/{size}"),
        "an end before the start": _part(other, {}, f"bytes {CUT}-{CUT - 1}/{size}"),
        "a range other than the length": _part(other, {}, f"bytes {CUT}-{size - 2}/{size}"),
        "more than the range": _chunked(other, f"bytes {CUT}-{size - 101}/{size}"),
        "the beginning": say(206, other[CUT:], {**FIRST, "Content-Range": f"bytes 0-{size - CUT - 1}/{size}"}),
        "an earlier place": _part(other, {}, f"bytes {CUT - 1}-{size - 2}/{size}"),
        "a later place": _part(other, {}, f"bytes {CUT + 1}-{size - 1}/{size}"),
        "encoded bytes": _part(other, {"Content-Encoding": "br"}),
        "unknown total, end beyond the first": say(206, other[CUT:] + b"x", unknown),
    }  # fmt: skip


def test_a_splice_is_refused_and_the_video_begun_anew(
    fetch: Fetch, video: bytes, subtests: pytest.Subtests
) -> None:
    """Whatever differs or lies in a partial answer, nothing of it is kept, and the next request asks for all."""
    for kind, splice in _splices(video).items():
        with subtests.test(kind):
            arrived = fetch(_cut(video), splice, say(200, video, FIRST))
            assert _asked(arrived) == [None, f"bytes={CUT}-", None]
    with subtests.test("the control of the others: nothing is changed"):
        assert len(fetch(_cut(video), _part(video, {}))) == 2


def test_a_server_that_always_splices_saves_nothing(download: Download, linked: VideoTask) -> None:
    """If no answer can be trusted, the download fails, and says why; it does not go on for ever."""

    def play(wire: Any, arrived: Arrived) -> bool:
        tag = {"ETag": f'"v{download.elsewhere.count(LINK)}"'}
        if "range" in arrived.headers:
            return _part(download.video, tag).play(wire, arrived)
        return _cut(download.video, {**FIRST, **tag}).play(wire, arrived)

    download.elsewhere.on(LINK, Answer(play))
    with pytest.raises(DownloadFailed, match=r"ETag is another one|cut after"):
        download.save(linked)
    assert not download.target.exists()


def test_a_partial_answer_that_nobody_asked_for(fetch: Fetch, video: bytes) -> None:
    """206 without a Range is taken if it is the file from its beginning by its own words, and refused if not."""
    size = len(video)
    for span, requests in (
        (f"bytes 0-{size - 1}/{size}", 1),
        (f"bytes 0-{size - 1}/*", 1),
        (f"bytes 1-{size}/{size + 1}", 2),
        (f"bytes 0-{size}/{size + 1}", 2),
        (None, 2),
    ):
        headers = FIRST if span is None else {**FIRST, "Content-Range": span}
        assert len(fetch(say(206, video, headers), say(200, video, FIRST))) == requests, span


def test_the_beginning_alone_is_continued(download: Download, linked: VideoTask) -> None:
    """A server that gives only a first part, unasked, is asked for the rest."""
    first = {**FIRST, "Content-Range": f"bytes 0-{CUT - 1}/{len(download.video)}"}
    download.elsewhere.on(LINK, say(206, download.video[:CUT], first), _part(download.video, {}))
    saved = download.check(linked)
    assert (saved.verified, download.elsewhere.arrived[1].headers["range"]) == (
        "length",
        f"bytes={CUT}-",
    )


def test_another_link_is_no_continuation(download: Download, linked: VideoTask) -> None:
    """If a fresh link leads to another place, its file is fetched from its beginning, whatever its ETag is called."""
    fresh = "/fresh.mp4"
    download.elsewhere.on(LINK, _cut(_twin(download.video)), say(403))
    download.elsewhere.on(fresh, ranged(download.video))
    download.gateway.on(
        "query", tell(UNIFIED.seen("completed", video_url=f"{download.elsewhere.url}{fresh}"))
    )
    download.check(linked)
    assert _asked(download.elsewhere.arrived) == [None, f"bytes={CUT}-", None]
