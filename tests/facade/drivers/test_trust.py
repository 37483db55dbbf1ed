"""The key goes to `base_url` and nowhere else."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import chainhub_video
import pytest
from chainhub_video import ChainHubError, ConfigurationError, TaskStatus, VideoTask
from chainhub_video.settings import Settings

from tests.support.answering import Answer, page, reset, say, tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png

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


@pytest.mark.parametrize(
    "url",
    ["x.mp4", "N/A", "file:///etc/passwd", "ftp://h/x", "javascript:alert(1)"],
)
def test_a_link_that_is_no_http_address_is_no_link(
    hub: Any, gateway: Gateway, tmp_path: Path, url: str
) -> None:
    """A video_url that leads to a file, or to nothing, is never followed; the gateway's /content is asked instead."""
    gateway.on("query", tell(UNIFIED.seen("completed", video_url=url)))
    task = hub.videos.retrieve(UNIFIED.task())
    assert task.video_url is None
    gateway.on("content", say(404))
    with pytest.raises(ChainHubError, match="no link"):
        hub.videos.download(task, tmp_path / "x.mp4")
    forged = UNIFIED.task(status=TaskStatus.COMPLETED, video_url=url)
    with pytest.raises(ChainHubError, match="not an http"):
        hub.videos.download(forged, tmp_path / "x.mp4")
    assert gateway.count("query") + gateway.count("content") == len(gateway.arrived)


def test_no_repr_shows_the_key(colour: Colour) -> None:
    """Clients, their parts and the generated client keep the key out of their `repr`."""
    hub = colour.hub("https://gateway.example.com", api_key=KEY).client
    for thing in (hub, hub.videos, hub.raw, hub._settings, hub._driver):
        assert KEY not in repr(thing)
        assert KEY not in str(thing)
    assert "gateway.example.com" in repr(hub)


FAILURES: dict[str, Answer] = {
    "echo": tell({"error": {"message": f"bad key {KEY}"}}, 401),
    "reset": reset(),
    "502": page(502),
    "400": tell({"code": "x", "message": "no"}, 400),
    "200 nonsense": say(200, "nonsense"),
}


@pytest.mark.parametrize("case", [name for name in FAILURES if name != "echo"])
@pytest.mark.parametrize("step", ["create", "query"])
def test_no_error_shows_the_key(
    colour: Colour,
    wire: Wire,
    gateway: Gateway,
    log: pytest.LogCaptureFixture,
    step: str,
    case: str,
) -> None:
    """Neither message, repr, attributes, traceback text nor pickle of an error holds the key, nor any log record."""
    gateway.on(step, FAILURES[case])
    hub = colour.hub(gateway.url, api_key=KEY)
    with pytest.raises(ChainHubError) as raised:
        wire.create(hub) if step == "create" else hub.videos.retrieve(wire.task())
    error: BaseException | None = raised.value
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY.encode() not in pickle.dumps(error)
    while error is not None:
        assert KEY not in f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    _silent(log)


def test_everything_public_hides_what_it_holds() -> None:
    """No public value object shows the key, a link with its signature, or a whole answer in its `repr`."""
    task = VideoTask(id="x", format="openai", video_url=f"https://h/{KEY}", raw={"k": KEY})
    request = chainhub_video.VideoRequest(
        prompt="p", model="m", format="openai", images=(KEY.encode(),)
    )
    for thing in (task, request, Settings(api_key=KEY)):
        assert KEY not in repr(thing)


def test_a_closed_client_says_so(colour: Colour, wire: Wire, gateway: Gateway) -> None:
    """After `close` nothing is sent any more, and the error says what to do; closing twice does no harm."""
    hub = colour.hub(gateway.url)
    hub.close()
    hub.close()
    with pytest.raises(ConfigurationError, match="closed"):
        wire.create(hub)
    assert gateway.arrived == []


def test_a_lent_client_stays_open(colour: Colour, gateway: Gateway) -> None:
    """Closing the facade does not close the HTTP client that the caller lent."""
    gateway.on("query", tell(OPENAI.seen()))
    http = colour.http_client()
    hub = colour.hub(gateway.url, http_client=http)
    hub.videos.retrieve(OPENAI.task())
    hub.close()
    assert not http.is_closed
