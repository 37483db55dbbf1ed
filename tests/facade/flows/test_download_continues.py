"""A download that broke off goes on where it was, or starts over, but never mixes two files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chainhub_video import VideoTask

from tests.support.answering import Answer, Arrived, abort, say
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, ranged, whole
from tests.support.wires import OPENAI


@pytest.mark.parametrize("origin", ["link", "content"])
def test_a_cut_download_is_continued(
    hub: Any,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    origin: str,
) -> None:
    """After a cut, only the missing bytes are asked for, guarded by the validator of the first answer."""
    piece = len(video) // 3 + 1
    host, step = (elsewhere, LINK) if origin == "link" else (gateway, "content")
    host.on(step, ranged(video, cut=piece))
    url = f"{elsewhere.url}{LINK}" if origin == "link" else None
    progress: list[tuple[int, int | None]] = []
    saved = hub.videos.download(
        completed(OPENAI, url), target, on_progress=lambda *seen: progress.append(seen)
    )
    whole(saved, target, video)
    assert [(a.headers.get("range"), a.headers.get("if-range")) for a in host.arrived] == [
        (None, None),
        (f"bytes={piece}-", '"v1"'),
        (f"bytes={2 * piece}-", '"v1"'),
    ]
    assert progress == sorted(progress)
    assert {total for _, total in progress} == {len(video)}


def test_a_file_that_changed_meanwhile_starts_over(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    other_video: bytes,
) -> None:
    """If the server has another file by now, If-Range makes it send that one whole, and no mixture is saved."""
    elsewhere.on(LINK, ranged(other_video, '"v0"', cut=500), ranged(video, '"v1"'))
    whole(hub.videos.download(linked, target), target, video)


def test_a_server_without_range_starts_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that ignores Range sends everything again, and nothing is doubled."""
    headers = {**MP4, "ETag": '"v1"'}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(200, video, headers))
    whole(hub.videos.download(linked, target), target, video)
    assert "range" in elsewhere.arrived[1].headers


@pytest.mark.parametrize("validator", [{}, {"ETag": 'W/"weak"'}])
def test_nothing_is_continued_without_a_strong_validator(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    validator: dict[str, str],
) -> None:
    """Without proof that the file is the same one, the download starts from its beginning."""
    headers = {**MP4, **validator}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(200, video, headers))
    whole(hub.videos.download(linked, target), target, video)
    assert "range" not in elsewhere.arrived[1].headers


def test_a_date_is_a_validator_too(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Last-Modified serves where there is no ETag."""
    date = "Sat, 21 Nov 2026 09:00:00 GMT"
    headers = {**MP4, "Last-Modified": date}
    elsewhere.on(LINK, say(200, video, headers, sent=800), ranged(video, date))
    whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.arrived[1].headers["if-range"] == date


def test_416_starts_over(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that cannot continue is asked for the whole file."""
    headers = {**MP4, "ETag": '"v1"'}
    elsewhere.on(LINK, say(200, video, headers, sent=800), say(416), say(200, video, headers))
    whole(hub.videos.download(linked, target), target, video)
    assert "range" not in elsewhere.arrived[2].headers


def test_a_continuation_at_another_place_is_not_believed(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """Bytes from elsewhere in the file are not appended, even where the mixture's length and boxes would be right."""
    headers = {**MP4, "ETag": '"v1"'}
    missing = 300  # the end of the last box, which holds the pictures
    wrong = {**headers, "Content-Range": f"bytes 0-{missing - 1}/{len(video)}"}
    elsewhere.on(
        LINK,
        say(200, video, headers, sent=len(video) - missing),
        say(206, video[:missing], wrong),
        say(200, video, headers),
    )
    whole(hub.videos.download(linked, target), target, video)


def test_many_cuts_are_survived_while_there_is_progress(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A proxy that truncates every answer does not defeat a download that gets further each time."""
    elsewhere.on(LINK, ranged(video, cut=len(video) // 30))
    whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.count(LINK) >= 30


def test_a_reset_in_the_middle_is_continued(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A connection that is reset, not closed, while bytes flow is picked up as well."""

    def play(wire: Any, _: Arrived) -> bool:
        head = f'HTTP/1.1 200 OK\r\nETag: "v1"\r\nContent-Length: {len(video)}\r\n\r\n'
        wire.sendall(head.encode() + video[:700])
        abort(wire)
        return False

    elsewhere.on(LINK, Answer(play), ranged(video))
    whole(hub.videos.download(linked, target), target, video)
