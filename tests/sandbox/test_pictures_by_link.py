"""Links to pictures: this machine's are fetched, all others never."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chainhub_sandbox.pictures import is_loopback_link
from PIL import ImageStat

from tests.support.answering import say
from tests.support.sandbox_caller import Caller, png
from tests.support.scripted import Gateway

RED = png("red")
HUGE = RED.ljust(33 * 1024 * 1024, b"\0")


@pytest.fixture(scope="module")
def host() -> Iterator[Gateway]:
    """A server of pictures on this machine, and of what is none."""
    with Gateway() as host:
        host.on("/red.png", say(200, RED))
        host.on("/missing.png", say(404))
        host.on("/text.png", say(200, "not a picture"))
        host.on("/moved.png", say(302, headers={"Location": "/red.png"}))
        host.on("/away.png", say(302, headers={"Location": "https://example.com/red.png"}))
        host.on("/circle.png", say(302, headers={"Location": "/circle.png"}))
        host.on("/huge.png", say(200, HUGE))
        yield host


def test_loopback_picture_is_fetched(caller: Caller, host: Gateway) -> None:
    """A picture on this machine is shown, also behind a redirect, without any key."""
    for name in ("red.png", "moved.png"):
        clip = caller.watch(caller.create_unified(images=[f"{host.url}/{name}"]))
        frame = clip.frames[0]
        red, green, blue = ImageStat.Stat(frame.crop((0, 0, frame.width, 100))).mean
        assert red > 200 > 60 > max(green, blue)
    assert not any("authorization" in asked.headers for asked in host.arrived)


def test_unusable_loopback_picture_fails_the_task(caller: Caller, host: Gateway) -> None:
    """The create is accepted, and the task then fails with the reason in one line."""
    reasons = {
        f"{host.url}/missing.png": "answered 404",
        f"{host.url}/text.png": "not a PNG",
        f"{host.url}/away.png": "leaves this machine",
        f"{host.url}/circle.png": "redirects",
        f"{host.url}/huge.png": "larger than",
        "http://127.0.0.1:9/kitten.png": "cannot be fetched",
    }
    for link, reason in reasons.items():
        state = caller.finish(caller.create_unified(images=[link]))
        assert state["status"] == "failed"
        assert reason in state["detail"]["failure_reason"]
        assert reason in state["error"]["message"]
        assert "\n" not in state["detail"]["failure_reason"]


LOOPBACK = (
    *("http://127.0.0.1:8000/a.png", "http://localhost/a.png", "http://[::1]:8000/a.png"),
    "http://127.1.2.3/a.png",
)
ELSEWHERE = (
    "https://example.com/kitten.png",
    "http://192.0.2.1/kitten.png",
    "http://127.0.0.1.example.com/kitten.png",
    "http://localhost.example.com/kitten.png",
    "http://127.0.0.1@example.com/kitten.png",
    "https://127.0.0.1/kitten.png",
    "http://0.0.0.0/kitten.png",
)
UNUSABLE = (
    *("http://2130706433/a.png", "http://[::ffff:8.8.8.8]/a.png", "http://[broken/a.png"),
    *("ftp://127.0.0.1/a.png", "http:///a.png"),
)


def test_other_links_are_never_fetched(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign link, however disguised, gives a drawn clip and no connection."""
    fetched: list[str] = []
    monkeypatch.setattr("chainhub_sandbox.clips.fetch_loopback", lambda url, _: fetched.append(url))
    for link in ELSEWHERE:
        assert caller.finish(caller.create_unified(images=[link]))["status"] == "completed"
    assert fetched == []


def test_what_counts_as_this_machine() -> None:
    """Only literal loopback addresses and localhost over http count."""
    links = (*LOOPBACK, *ELSEWHERE, *UNUSABLE)
    assert tuple(filter(is_loopback_link, links)) == LOOPBACK
