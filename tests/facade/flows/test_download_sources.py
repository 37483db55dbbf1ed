"""Where a finished task's video may come from: its link, /content, redirects, and a fresh link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask

from tests.support.answering import page, reset, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, names, whole
from tests.support.wires import UNIFIED, Wire


def test_a_link_is_followed_without_the_key(
    hub: Any, linked: VideoTask, elsewhere: Gateway, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The video comes from its link as it is, query and all, and the gateway is not asked."""
    elsewhere.on(LINK, say(200, video, MP4))
    whole(hub.videos.download(linked, target), target, video)
    assert elsewhere.arrived[0].target == f"{LINK}?signature=s3cret"
    assert "authorization" not in elsewhere.arrived[0].headers
    assert elsewhere.arrived[0].headers["accept-encoding"] == "identity"
    assert gateway.arrived == []


def test_content_gives_the_bytes(
    hub: Any, content: VideoTask, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Without a link the OpenAI format's video comes from /content, with the key."""
    gateway.on("content", say(200, video, MP4))
    whole(hub.videos.download(content, target), target, video)
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"


@pytest.mark.parametrize(
    "document",
    [
        lambda url: {"video_url": url},
        lambda url: {"url": url},
        lambda url: {"data": {"url": url}},
        lambda url: {"metadata": {"url": url}, "input": {"url": "https://example.com/mine.png"}},
    ],
)
def test_content_gives_json_with_a_link(
    hub: Any,
    content: VideoTask,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    document: Callable[[str], Any],
) -> None:
    """/content may answer with JSON that holds the link."""
    gateway.on("content", tell(document(f"{elsewhere.url}{LINK}")))
    elsewhere.on(LINK, say(200, video, MP4))
    whole(hub.videos.download(content, target), target, video)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_content_may_redirect_elsewhere(
    hub: Any,
    content: VideoTask,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    status: int,
) -> None:
    """/content may redirect to another origin, which gets a plain request without the key."""
    gateway.on("content", say(status, headers={"Location": f"{elsewhere.url}{LINK}"}))
    elsewhere.on(LINK, say(200, video, MP4))
    whole(hub.videos.download(content, target), target, video)
    assert "authorization" not in elsewhere.arrived[0].headers


def test_a_relative_redirect_stays_at_its_origin(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A link may redirect, with a relative address too."""
    elsewhere.on(LINK, say(302, headers={"Location": "other/place.mp4?x=1"}))
    elsewhere.on("/other/place.mp4", say(200, video, MP4))
    whole(hub.videos.download(linked, target), target, video)


def test_a_unified_task_without_a_link_has_no_video(
    hub: Any, gateway: Gateway, target: Path
) -> None:
    """A completed task without a link is looked at again, then asked for at /content, and then an error says both."""
    gateway.on("query", tell(UNIFIED.seen("completed")))
    gateway.on("content", tell({"error": {"message": "no such file"}}, 404))
    with pytest.raises(DownloadFailed, match=r"holds no link.*no such file"):
        hub.videos.download(completed(UNIFIED, None), target)
    assert gateway.count("query") >= 2
    assert gateway.count("content") == 1
    assert names(target.parent) == []


def test_a_link_may_come_after_the_state(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A link that a completed task gets a moment later is taken, and /content is not asked."""
    link = tell(UNIFIED.seen("completed", video_url=elsewhere.url + LINK))
    gateway.on("query", tell(UNIFIED.seen("completed", video_url="")), link)
    elsewhere.on(LINK, say(200, video, MP4))
    whole(hub.videos.download(completed(UNIFIED, None), target), target, video)
    assert gateway.count("content") == 0


def test_trouble_does_not_prolong_the_wait_for_a_link(
    hub: Any, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Queries that fail while a link is waited for cost no attempt: when the time is over, /content is asked."""
    gateway.on("query", tell(UNIFIED.seen("completed")), say(502), reset(), page(200))
    gateway.on("content", say(200, video, MP4))
    whole(hub.videos.download(completed(UNIFIED, None), target), target, video)
    assert gateway.count("query") >= 2
    assert gateway.count("content") == 1


@pytest.mark.parametrize("type_", ["video/mp4", "application/octet-stream", "text/html", ""])
def test_the_content_decides_not_its_type(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes, type_: str
) -> None:
    """A whole MP4 is one whatever the server calls it."""
    elsewhere.on(LINK, say(200, video, {"Content-Type": type_} if type_ else {}))
    whole(hub.videos.download(linked, target), target, video)


def test_a_body_without_a_length_is_checked_by_its_boxes(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that announces no length cannot pass off half a video: it is fetched again."""
    elsewhere.on(LINK, say(200, video[:-9], MP4, framed=False), say(200, video, MP4, framed=False))
    totals: list[int | None] = []
    saved = hub.videos.download(linked, target, on_progress=lambda _, total: totals.append(total))
    whole(saved, target, video)
    assert set(totals) == {None}


def test_an_index_at_the_end_is_as_good(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, other_video: bytes
) -> None:
    """MP4 files with their index behind the pictures are whole, too."""
    elsewhere.on(LINK, say(200, other_video, MP4))
    whole(hub.videos.download(linked, target), target, other_video)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_expired_link_is_renewed(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    status: int,
) -> None:
    """A link that is no longer good is replaced by the one that a fresh query tells."""
    elsewhere.on(LINK, say(status))
    elsewhere.on("/fresh.mp4", say(200, video, MP4))
    gateway.on("query", tell(wire.seen("completed", video_url=f"{elsewhere.url}/fresh.mp4")))
    saved = hub.videos.download(completed(wire, f"{elsewhere.url}{LINK}"), target)
    whole(saved, target, video)
    assert saved.task.video_url == f"{elsewhere.url}/fresh.mp4"


def test_renewing_a_link_rides_out_trouble(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
) -> None:
    """The query for a fresh link may fail for a while, like any query."""
    elsewhere.on(LINK, say(404))
    elsewhere.on("/fresh.mp4", say(200, video, MP4))
    fresh = tell(wire.seen("completed", video_url=f"{elsewhere.url}/fresh.mp4"))
    gateway.on("query", reset(), page(502), say(429), fresh)
    whole(hub.videos.download(completed(wire, f"{elsewhere.url}{LINK}"), target), target, video)
