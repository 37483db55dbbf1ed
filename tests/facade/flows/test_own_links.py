"""Links that lead back to the gateway, links that stop working, and the gateway's `/content` as the last way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from chainhub_video import DownloadFailed, VideoTask

from tests.support.answering import Answer, Arrived, say, tell
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed, whole
from tests.support.wires import OPENAI, UNIFIED, Wire


def _with_key(answer: Answer) -> Answer:
    """An answer that only the key opens."""

    def play(wire: Any, arrived: Arrived) -> bool:
        return (answer if arrived.holds_key else say(401)).play(wire, arrived)

    return Answer(play)


@pytest.mark.parametrize("link", [LINK, f"{LINK}?a=1&b=%2F", "v1/files/x.mp4"])
def test_a_link_to_the_gateway_gets_the_key(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes, link: str
) -> None:
    """A relative link is resolved against the gateway, which gets the key, as with an absolute one of its origin."""
    path = "/" + link.lstrip("/").partition("?")[0]
    gateway.on(path, _with_key(say(200, video, MP4)))
    for named in (link, f"{gateway.url}/{link.lstrip('/')}"):
        gateway.on("query", tell(wire.seen("completed", video_url=named)))
        task = hub.videos.retrieve(wire.task())
        assert task.video_url == f"{gateway.url}/{link.lstrip('/')}"
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


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_link_that_nobody_may_open_gives_way_to_the_content(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    target: Path,
    video: bytes,
    status: int,
) -> None:
    """The task is asked for a fresh link, and, if that is the same, the gateway for the video, whatever the format."""
    gateway.on("query", tell(wire.seen("completed", video_url=elsewhere.url + LINK)))
    gateway.on("content", say(200, video, MP4))
    elsewhere.on(LINK, say(status))
    whole(hub.videos.download(completed(wire, elsewhere.url + LINK), target), target, video)
    assert (gateway.count("query"), gateway.count("content"), elsewhere.count(LINK)) == (1, 1, 1)


NOT_YET: list[Answer] = [
    tell({"error": {"message": "soon", "code": "video_not_ready"}}, 400),
    say(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}),
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


@pytest.mark.parametrize("by", ["link", "content"])
@pytest.mark.parametrize("type_", ["application/json", "video/mp4", ""])
def test_an_answer_in_place_of_the_video_is_told_in_its_own_words(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, by: str, type_: str
) -> None:
    """JSON with status 200, whatever type it claims to have, ends up in the error's message."""
    answer = say(200, '{"code": "oss_down", "msg": "the store is closed"}', {"Content-Type": type_})
    task: VideoTask = completed(OPENAI, None)
    if by == "link":
        task = completed(UNIFIED, elsewhere.url + LINK)
        elsewhere.on(LINK, answer)
    else:
        gateway.on("content", answer)
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
