"""Where a finished task's video may come from: its link, a fresh one, redirects, and the gateway's `/content`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask

from tests.support.answering import Answer, Arrived, page, reset, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, names, whole
from tests.support.wires import OPENAI, UNIFIED, Wire

FRESH = "/fresh.mp4"


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


def test_content_may_lead_elsewhere(
    hub: Any, content: VideoTask, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """/content may redirect, or answer with JSON that holds a link; the other origin does not get the key."""
    url = f"{elsewhere.url}{LINK}"
    elsewhere.on(LINK, say(200, video, MP4))
    for answer in (
        *(say(status, headers={"Location": url}) for status in (301, 302, 303, 307, 308)),
        tell({"video_url": url}),
        tell({"url": url}),
        tell({"data": {"url": url}}),
        tell({"metadata": {"url": url}, "input": {"url": "https://example.com/mine.png"}}),
    ):
        gateway.on("content", answer)
        whole(hub.videos.download(content, target), target, video)
        target.unlink()
    assert elsewhere.count(LINK) == 9


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


def test_the_content_decides_not_its_type(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes, other_video: bytes
) -> None:
    """A whole MP4 is one whatever the server calls it, and whether its index is in front or at the end."""
    for told in ({"Content-Type": "text/html"}, {"Content-Type": "application/octet-stream"}, {}):
        elsewhere.on(LINK, say(200, video, told))
        whole(hub.videos.download(linked, target), target, video)
    elsewhere.on(LINK, say(200, other_video, MP4))
    whole(hub.videos.download(linked, target), target, other_video)


def test_a_body_without_a_length_is_checked_by_its_boxes(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A server that announces no length cannot pass off half a video: it is fetched again."""
    elsewhere.on(LINK, say(200, video[:-9], MP4, framed=False), say(200, video, MP4, framed=False))
    totals: list[int | None] = []
    saved = hub.videos.download(linked, target, on_progress=lambda _, total: totals.append(total))
    whole(saved, target, video)
    assert set(totals) == {None}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_nobody_may_open_gives_way(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes, status: int
) -> None:  # fmt: skip
    """The task is asked for a fresh link, and, if that is the same, the gateway for the video, whatever the format."""
    elsewhere.on(LINK, say(status))
    elsewhere.on(FRESH, say(200, video, MP4))
    expired = completed(wire, elsewhere.url + LINK)
    gateway.on("query", tell(wire.seen("completed", video_url=elsewhere.url + FRESH)))
    saved = hub.videos.download(expired, target)
    whole(saved, target, video)
    assert saved.task.video_url == elsewhere.url + FRESH
    assert (gateway.count("query"), gateway.count("content"), elsewhere.count(LINK)) == (1, 0, 1)
    gateway.on("query", tell(wire.seen("completed", video_url=elsewhere.url + LINK)))
    gateway.on("content", say(200, video, MP4))
    whole(hub.videos.download(expired, target), target, video)
    assert (gateway.count("query"), gateway.count("content"), elsewhere.count(LINK)) == (2, 1, 2)


def test_renewing_a_link_rides_out_trouble(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """The query for a fresh link may fail for a while, like any query."""
    elsewhere.on(LINK, say(404))
    elsewhere.on(FRESH, say(200, video, MP4))
    fresh = tell(wire.seen("completed", video_url=elsewhere.url + FRESH))
    gateway.on("query", reset(), page(502), say(429), fresh)
    whole(hub.videos.download(completed(wire, elsewhere.url + LINK), target), target, video)


def _with_key(answer: Answer) -> Answer:
    """An answer that only the key opens."""

    def play(wire: Any, arrived: Arrived) -> bool:
        return (answer if arrived.holds_key else say(401)).play(wire, arrived)

    return Answer(play)


def test_a_link_to_the_gateway_gets_the_key(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A relative link is resolved against the gateway, which gets the key, as with an absolute one of its origin."""
    for link in (LINK, f"{LINK}?a=1&b=%2F", "v1/files/x.mp4"):
        absolute = f"{gateway.url}/{link.lstrip('/')}"
        gateway.on("/" + link.lstrip("/").partition("?")[0], _with_key(say(200, video, MP4)))
        for named in (link, absolute):
            gateway.on("query", tell(wire.seen("completed", video_url=named)))
            task = hub.videos.retrieve(wire.task())
            assert task.video_url == absolute
            whole(hub.videos.download(task, target), target, video)
    assert gateway.count("content") == 0


def test_the_key_does_not_follow_a_redirect_away(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """The gateway's own link may redirect to a store, which never sees the key, nor does the way back."""
    gateway.on(LINK, say(302, headers={"Location": f"{elsewhere.url}/store"}))
    elsewhere.on("/store", say(302, headers={"Location": f"{gateway.url}/back"}))
    gateway.on("/back", say(200, video, MP4))
    whole(hub.videos.download(completed(UNIFIED, f"{gateway.url}{LINK}"), target), target, video)
    assert [arrived.holds_key for arrived in gateway.arrived] == [True, False]


NOT_YET: list[Answer] = [
    tell({"error": {"message": "Task is not completed yet"}}, 400),
    tell({"error": {"message": "soon", "code": "video_not_ready"}}, 400),
    page(502),
    tell({"code": 500, "message": "storage is warming up"}, 200),
    say(503),
    tell({"message": "soon"}, 425),
]


def test_what_is_not_ready_is_asked_for_again(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """A link, and /content, that say for a while that the video is not there yet are ridden out."""
    elsewhere.on(LINK, *NOT_YET, say(200, video, MP4))
    whole(hub.videos.download(completed(wire, elsewhere.url + LINK), target), target, video)
    gateway.on("content", *NOT_YET, say(200, video, MP4))
    whole(hub.videos.download(completed(OPENAI, None), target), target, video)


@pytest.mark.parametrize("type_", ["application/json", "video/mp4", ""])
def test_an_answer_in_place_of_the_video_is_told_in_its_own_words(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, type_: str
) -> None:
    """JSON with status 200, whatever type it claims to have, ends up in the error's message."""
    answer = say(200, '{"code": "oss_down", "msg": "the store is closed"}', {"Content-Type": type_})
    elsewhere.on(LINK, answer)
    gateway.on("content", answer)
    for task in (completed(OPENAI, None), completed(UNIFIED, elsewhere.url + LINK)):
        with pytest.raises(DownloadFailed, match="the store is closed"):
            hub.videos.download(task, target, timeout=0.5)
    assert not target.exists()


def test_a_link_in_the_content_may_be_relative_or_lead_elsewhere(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> None:
    """JSON from /content names the video as a task's answer does, the gateway's own link with the key."""
    gateway.on("query", tell(wire.seen("completed")))
    gateway.on("/f.mp4", _with_key(say(200, video, MP4)))
    elsewhere.on(LINK, say(200, video, MP4))
    for link in ("/f.mp4", elsewhere.url + LINK):
        gateway.on("content", tell({"data": {"result_url": link}}))
        whole(hub.videos.download(completed(wire, None), target), target, video)
