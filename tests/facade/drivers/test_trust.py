"""The key goes to `base_url` and nowhere else."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import ChainHubError, TaskStatus, VideoRequest, VideoTask

from tests.support.answering import page, reset, say, tell
from tests.support.colours import Colour
from tests.support.drivers import BLOCKING
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED, Wire, png

KEY = "sk-TOPSECRET-0123456789"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every log record of every library, as chatty as can be."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "chainhub_video"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def _silent(log: pytest.LogCaptureFixture) -> None:
    for record in log.records:
        assert KEY not in record.getMessage()
        assert KEY not in repr(record.__dict__)


def test_the_key_goes_to_the_gateway_alone(
    colour: Colour,
    wire: Wire,
    gateway: Gateway,
    elsewhere: Gateway,
    tmp_path: Path,
    video: bytes,
    log: pytest.LogCaptureFixture,
) -> None:
    """In a whole job each request to the gateway has the key, and none to the picture's or the video's host."""
    gateway.on("create", tell(wire.created()))
    done = wire.seen("completed", video_url=f"{elsewhere.url}/moved.mp4")
    gateway.on("query", tell(wire.seen()), tell(done))
    elsewhere.on("/kitten.png", say(302, headers={"Location": "/k2.png", "Set-Cookie": "a=b"}))
    elsewhere.on("/k2.png", say(200, png(), {"Set-Cookie": "c=d"}))
    elsewhere.on("/moved.mp4", say(302, headers={"Location": f"{gateway.url}/not-the-api.mp4"}))
    gateway.on("/not-the-api.mp4", say(200, video))
    hub = colour.hub(gateway.url, api_key=KEY)
    wire.generate(hub, image=f"{elsewhere.url}/kitten.png", save_to=tmp_path / "x.mp4")
    for arrived in gateway.arrived:
        expected = None if arrived.step == "/not-the-api.mp4" else f"Bearer {KEY}"
        assert arrived.headers.get("authorization") == expected
    for arrived in elsewhere.arrived:
        assert KEY not in f"{arrived}"
        assert {"authorization", "cookie"}.isdisjoint(arrived.headers)
    _silent(log)
    for path in tmp_path.rglob("*"):
        assert KEY.encode() not in path.read_bytes()


def test_the_defaults_of_a_lent_client_stay_at_the_gateway(
    colour: Colour, gateway: Gateway, elsewhere: Gateway, tmp_path: Path, video: bytes
) -> None:
    """Credentials and cookies that a lent HTTP client sends by default do not reach the video's host."""
    http = colour.http_client(
        headers={"Authorization": f"Bearer {KEY}", "X-Mine": "1"},
        cookies={"session": KEY},
        auth=("user", KEY),
        follow_redirects=True,
    )
    hub = colour.hub(gateway.url, http_client=http)
    elsewhere.on("/x.mp4", say(302, headers={"Location": "/y.mp4"}))
    elsewhere.on("/y.mp4", say(200, video))
    gateway.on("query", tell(UNIFIED.seen("completed", video_url=f"{elsewhere.url}/x.mp4")))
    task = hub.videos.retrieve(UNIFIED.task())
    hub.videos.download(task, tmp_path / "x.mp4")
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"
    assert elsewhere.count("/y.mp4") == 1
    for arrived in elsewhere.arrived:
        assert KEY not in f"{arrived}"


def test_a_redirect_does_not_carry_a_query_away(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway
) -> None:
    """A gateway that redirects a query to another origin is not followed there."""
    gateway.on("query", say(307, headers={"Location": f"{elsewhere.url}/v1/videos/x"}))
    with pytest.raises(ChainHubError):
        hub.videos.retrieve(wire.task())
    assert elsewhere.arrived == []


@BLOCKING
def test_a_link_that_is_no_http_address_is_no_link(
    hub: Any, gateway: Gateway, tmp_path: Path
) -> None:
    """A video_url that leads to a file, or to nothing, is never followed; the gateway's /content is asked instead."""
    gateway.on("content", say(404))
    for url in ("x.mp4", "N/A", "file:///etc/passwd", "ftp://h/x", "javascript:alert(1)"):
        gateway.on("query", tell(UNIFIED.seen("completed", video_url=url)))
        task = hub.videos.retrieve(UNIFIED.task())
        assert task.video_url is None
        with pytest.raises(ChainHubError, match="no link"):
            hub.videos.download(task, tmp_path / "x.mp4")
        forged = UNIFIED.task(status=TaskStatus.COMPLETED, video_url=url)
        with pytest.raises(ChainHubError, match="not an http"):
            hub.videos.download(forged, tmp_path / "x.mp4")
    assert gateway.count("query") + gateway.count("content") == len(gateway.arrived)


def test_no_error_shows_the_key(
    colour: Colour, wire: Wire, gateway: Gateway, log: pytest.LogCaptureFixture
) -> None:
    """Neither message, repr, attributes, traceback text nor pickle of an error holds the key, nor any log record."""
    hub = colour.hub(gateway.url, api_key=KEY)
    refused = tell({"code": "x", "message": "no"}, 400)
    for answer in (refused, reset(), page(502), say(200, "nonsense")):
        for step in ("create", "query"):
            gateway.on(step, answer)
            with pytest.raises(ChainHubError) as raised:
                wire.create(hub) if step == "create" else hub.videos.retrieve(wire.task())
            error: BaseException | None = raised.value
            assert KEY not in "".join(traceback.format_exception(error))
            assert KEY.encode() not in pickle.dumps(error)
            while error is not None:
                assert KEY not in f"{error} {error!r} {vars(error)}"
                error = error.__cause__ or error.__context__
    _silent(log)


def test_everything_public_hides_what_it_holds(colour: Colour) -> None:
    """No client, part of one or value shows the key, a link with its signature, or a whole answer in its `repr`."""
    hub = colour.hub("https://gateway.example.com", api_key=KEY).client
    task = VideoTask(id="x", format="openai", video_url=f"https://h/{KEY}", raw={"k": KEY})
    request = VideoRequest(prompt="p", model="m", format="openai", images=(KEY.encode(),))
    for thing in (hub, hub.videos, hub.raw, hub._settings, hub._driver, task, request):
        assert KEY not in f"{thing!r} {thing}"
    assert "gateway.example.com" in repr(hub)
