"""Where a finished task's video may come from: its link, a fresh one, redirects, and the gateway's `/content`."""

from __future__ import annotations

from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask

from tests.support.answering import Answer, Arrived, page, reset, say, tell
from tests.support.downloads import Download
from tests.support.videos import LINK, MP4, completed, names, whole
from tests.support.wires import OPENAI, UNIFIED, Wire

FRESH = "/fresh.mp4"


def test_a_link_is_followed_without_the_key(download: Download, linked: VideoTask) -> None:
    """The video comes from its link as it is, query and all, and the gateway is not asked."""
    download.elsewhere.on(LINK, download.served())
    download.check(linked)
    assert download.elsewhere.arrived[0].target == f"{LINK}?signature=s3cret"
    assert "authorization" not in download.elsewhere.arrived[0].headers
    assert download.elsewhere.arrived[0].headers["accept-encoding"] == "identity"
    assert download.gateway.arrived == []


def test_content_gives_the_bytes(download: Download, content: VideoTask) -> None:
    """Without a link the OpenAI format's video comes from /content, with the key."""
    download.gateway.on("content", download.served())
    download.check(content)
    assert download.gateway.arrived[0].headers["authorization"] == "Bearer the-key"


def test_content_may_lead_elsewhere(download: Download, content: VideoTask) -> None:
    """/content may redirect, or answer with JSON that holds a link; the other origin does not get the key."""
    url = download.link
    download.elsewhere.on(LINK, download.served())
    for answer in (
        *(say(status, headers={"Location": url}) for status in (301, 302, 303, 307, 308)),
        tell({"video_url": url}),
        tell({"url": url}),
        tell({"data": {"url": url}}),
        tell({"metadata": {"url": url}, "input": {"url": "https://example.com/mine.png"}}),
    ):
        download.gateway.on("content", answer)
        download.check(content)
        download.target.unlink()
    assert download.elsewhere.count(LINK) == 9


def test_a_relative_redirect_stays_at_its_origin(download: Download, linked: VideoTask) -> None:
    """A link may redirect, with a relative address too."""
    download.elsewhere.on(LINK, say(302, headers={"Location": "other/place.mp4?x=1"}))
    download.elsewhere.on("/other/place.mp4", download.served())
    download.check(linked)


def test_a_unified_task_without_a_link_has_no_video(download: Download) -> None:
    """A completed task without a link is looked at again, then asked for at /content, and then an error says both."""
    download.gateway.on("query", tell(UNIFIED.seen("completed")))
    download.gateway.on("content", tell({"error": {"message": "no such file"}}, 404))
    with pytest.raises(DownloadFailed, match=r"holds no link.*no such file"):
        download.save(completed(UNIFIED, None))
    assert download.gateway.count("query") >= 2
    assert download.gateway.count("content") == 1
    assert names(download.target.parent) == []


def test_a_link_may_come_after_the_state(download: Download) -> None:
    """A link that a completed task gets a moment later is taken, and /content is not asked."""
    link = tell(UNIFIED.seen("completed", video_url=download.link))
    download.gateway.on("query", tell(UNIFIED.seen("completed", video_url="")), link)
    download.elsewhere.on(LINK, download.served())
    download.check(completed(UNIFIED, None))
    assert download.gateway.count("content") == 0


def test_trouble_does_not_prolong_the_wait_for_a_link(download: Download) -> None:
    """Queries that fail while a link is waited for cost no attempt: when the time is over, /content is asked."""
    download.gateway.on("query", tell(UNIFIED.seen("completed")), say(502), reset(), page(200))
    download.gateway.on("content", download.served())
    download.check(completed(UNIFIED, None))
    assert download.gateway.count("query") >= 2
    assert download.gateway.count("content") == 1


def test_the_content_decides_not_its_type(
    download: Download, linked: VideoTask, other_video: bytes
) -> None:
    """A whole MP4 is one whatever the server calls it, and whether its index is in front or at the end."""
    for told in ({"Content-Type": "text/html"}, {"Content-Type": "application/octet-stream"}, {}):
        download.elsewhere.on(LINK, say(200, download.video, told))
        download.check(linked)
    download.elsewhere.on(LINK, say(200, other_video, MP4))
    whole(download.save(linked), download.target, other_video)


def test_a_body_without_a_length_is_checked_by_its_boxes(
    download: Download, linked: VideoTask
) -> None:
    """A server that announces no length cannot pass off half a video: it is fetched again."""
    download.elsewhere.on(
        LINK, say(200, download.video[:-9], MP4, framed=False), download.served(framed=False)
    )
    totals: list[int | None] = []
    download.check(linked, on_progress=lambda _, total: totals.append(total))
    assert set(totals) == {None}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_nobody_may_open_gives_way(download: Download, wire: Wire, status: int) -> None:
    """The task is asked for a fresh link, and, if that is the same, the gateway for the video, whatever the format."""
    gateway, fresh = download.gateway, download.elsewhere.url + FRESH
    download.elsewhere.on(LINK, say(status))
    download.elsewhere.on(FRESH, download.served())
    gateway.on("query", tell(wire.seen("completed", video_url=fresh)))
    expired = completed(wire, download.link)
    assert download.check(expired).task.video_url == fresh
    assert (gateway.count("query"), gateway.count("content")) == (1, 0)
    gateway.on("query", tell(wire.seen("completed", video_url=download.link)))
    gateway.on("content", download.served())
    download.check(expired)
    assert (gateway.count("query"), gateway.count("content")) == (2, 1)
    assert download.elsewhere.count(LINK) == 2


def test_renewing_a_link_rides_out_trouble(download: Download, wire: Wire) -> None:
    """The query for a fresh link may fail for a while, like any query."""
    download.elsewhere.on(LINK, say(404))
    download.elsewhere.on(FRESH, download.served())
    fresh = tell(wire.seen("completed", video_url=download.elsewhere.url + FRESH))
    download.gateway.on("query", reset(), page(502), say(429), fresh)
    download.check(completed(wire, download.link))


def _with_key(answer: Answer) -> Answer:
    """An answer that only the key opens."""

    def play(wire: Any, arrived: Arrived) -> bool:
        return (answer if arrived.holds_key else say(401)).play(wire, arrived)

    return Answer(play)


def test_a_link_to_the_gateway_gets_the_key(download: Download, wire: Wire) -> None:
    """A relative link is resolved against the gateway, which gets the key, as with an absolute one of its origin."""
    for link in (LINK, f"{LINK}?a=1&b=%2F", "v1/files/x.mp4"):
        absolute = f"{download.gateway.url}/{link.lstrip('/')}"
        download.gateway.on("/" + link.lstrip("/").partition("?")[0], _with_key(download.served()))
        for named in (link, absolute):
            download.gateway.on("query", tell(wire.seen("completed", video_url=named)))
            task = download.hub.videos.retrieve(wire.task())
            assert task.video_url == absolute
            download.check(task)
    assert download.gateway.count("content") == 0


def test_the_key_does_not_follow_a_redirect_away(download: Download) -> None:
    """The gateway's own link may redirect to a store, which never sees the key, nor does the way back."""
    download.gateway.on(LINK, say(302, headers={"Location": f"{download.elsewhere.url}/store"}))
    download.elsewhere.on("/store", say(302, headers={"Location": f"{download.gateway.url}/back"}))
    download.gateway.on("/back", download.served())
    download.check(completed(UNIFIED, f"{download.gateway.url}{LINK}"))
    assert [arrived.holds_key for arrived in download.gateway.arrived] == [True, False]


NOT_YET: list[Answer] = [
    tell({"error": {"message": "Task is not completed yet"}}, 400),
    tell({"error": {"message": "soon", "code": "video_not_ready"}}, 400),
    page(502),
    tell({"code": 500, "message": "storage is warming up"}, 200),
    say(503),
    tell({"message": "soon"}, 425),
]


def test_what_is_not_ready_is_asked_for_again(download: Download, wire: Wire) -> None:
    """A link, and /content, that say for a while that the video is not there yet are ridden out."""
    download.elsewhere.on(LINK, *NOT_YET, download.served())
    download.check(completed(wire, download.link))
    download.gateway.on("content", *NOT_YET, download.served())
    download.check(completed(OPENAI, None))


@pytest.mark.parametrize("type_", ["application/json", "video/mp4", ""])
def test_an_answer_in_place_of_the_video_is_told_in_its_own_words(
    download: Download, type_: str
) -> None:
    """JSON with status 200, whatever type it claims to have, ends up in the error's message."""
    answer = say(200, '{"code": "oss_down", "msg": "the store is closed"}', {"Content-Type": type_})
    download.elsewhere.on(LINK, answer)
    download.gateway.on("content", answer)
    for task in (completed(OPENAI, None), completed(UNIFIED, download.link)):
        with pytest.raises(DownloadFailed, match="the store is closed"):
            download.save(task, timeout=0.5)
    assert not download.target.exists()


def test_a_link_in_the_content_may_be_relative_or_lead_elsewhere(
    download: Download, wire: Wire
) -> None:
    """JSON from /content names the video as a task's answer does, the gateway's own link with the key."""
    download.gateway.on("query", tell(wire.seen("completed")))
    download.gateway.on("/f.mp4", _with_key(download.served()))
    download.elsewhere.on(LINK, download.served())
    for link in ("/f.mp4", download.link):
        download.gateway.on("content", tell({"data": {"result_url": link}}))
        download.check(completed(wire, None))
