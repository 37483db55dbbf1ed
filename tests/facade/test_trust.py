"""The key goes to `base_url` and nowhere else, and nothing that a server or a caller says leads astray."""

from __future__ import annotations

import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import chainhub_video
import pytest
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ChainHubError,
    ConfigurationError,
    InvalidRequest,
    TaskStatus,
    VideoTask,
)
from chainhub_video.settings import Settings, checked_base_url, checked_key

from .colours import Colour
from .scripted import Answer, Gateway, page, reset, say, tell
from .wires import OPENAI, UNIFIED, Wire, png

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


# --- where the key goes -------------------------------------------------------------------------


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
    ["//cdn.example.com/x.mp4", "/v1/videos/other", "x.mp4", "file:///etc/passwd", "ftp://h/x"],
)
def test_a_link_that_is_no_http_address_is_no_link(
    hub: Any, gateway: Gateway, tmp_path: Path, url: str
) -> None:
    """A video_url that would lead back to the gateway with the key, or to a file, is never followed."""
    gateway.on("query", tell(UNIFIED.seen("completed", video_url=url)))
    task = hub.videos.retrieve(UNIFIED.task())
    assert task.video_url is None
    with pytest.raises(ChainHubError, match="no link"):
        hub.videos.download(task, tmp_path / "x.mp4")
    forged = UNIFIED.task(status=TaskStatus.COMPLETED, video_url=url)
    with pytest.raises(ChainHubError, match="not an http"):
        hub.videos.download(forged, tmp_path / "x.mp4")
    assert gateway.count("query") == len(gateway.arrived)


# --- where the key is never seen ----------------------------------------------------------------


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


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task_id", "openai", "unified"),
    [
        ("../../admin?x=1#y", "..%2F..%2Fadmin%3Fx%3D1%23y", "..%2F..%2Fadmin%3Fx%3D1%23y"),
        ("a/b", "a%2Fb", "a%2Fb"),
        ("a b&c=d", "a%20b%26c%3Dd", "a%20b%26c%3Dd"),
        ("%2e%2e", "%252e%252e", "%252e%252e"),
        ("猫", "%E7%8C%AB", "%E7%8C%AB"),
        ("veo3.1-components:1-x", "veo3.1-components%3A1-x", "veo3.1-components%3A1-x"),
    ],
)
def test_an_id_never_becomes_another_address(
    hub: Any, gateway: Gateway, task_id: str, openai: str, unified: str
) -> None:
    """Whatever stands in an id is one segment of the path, or one value of the query."""
    gateway.on("query", tell({"id": "x", "status": "queued"}))
    hub.videos.retrieve(task_id, format="openai")
    hub.videos.retrieve(task_id, format="unified")
    first, second = (arrived.target for arrived in gateway.arrived)
    assert first in (f"/v1/videos/{openai}", f"/v1/videos/{openai.replace('%3A', ':')}")
    assert second.replace("+", "%20") == f"/v1/video/query?id={unified}"


@pytest.mark.parametrize("task_id", ["", " ", ".", "..", "a\nb", "a\0b", "\x1b[0m"])
@pytest.mark.parametrize("format_", ["openai", "unified"])
def test_what_is_no_id_is_not_sent(hub: Any, gateway: Gateway, task_id: str, format_: str) -> None:
    """Ids that would lead elsewhere, or cannot be one, are refused before anything is sent."""
    with pytest.raises(InvalidRequest, match="is not a task id"):
        hub.videos.retrieve(task_id, format=format_)
    assert gateway.arrived == []


@pytest.mark.parametrize("path", ["", "/", "/proxy", "/proxy/", "/a/b//"])
def test_a_base_url_keeps_its_path(colour: Colour, wire: Wire, path: str) -> None:
    """A gateway below a path is asked there, with or without a slash at the end."""
    with Gateway() as gateway:
        below = path.rstrip("/")
        target = f"{below}{wire.create_target}"
        gateway.on(target if below else "create", tell(wire.created()))
        wire.create(colour.hub(gateway.url + path))
        assert [arrived.target for arrived in gateway.arrived] == [target]


def test_a_gateway_on_ipv6_loopback(colour: Colour, wire: Wire) -> None:
    """Plain http is allowed to ::1 as it is to 127.0.0.1."""
    with Gateway("::1") as gateway:
        gateway.on("create", tell(wire.created()))
        assert wire.create(colour.hub(gateway.url)).id == wire.task_id


@pytest.mark.parametrize(
    ("base_url", "words"),
    [
        ("http://gateway.example.com", "plain http"),
        ("http://192.168.0.1", "plain http"),
        ("http://localhost.example.com", "plain http"),
        ("http://127.0.0.1.example.com", "plain http"),
        ("http://0.0.0.0:80", "plain http"),
        ("http://2130706433", "plain http"),
        ("https://user:pw@gateway.example.com", "user name or password"),
        ("https://@gateway.example.com", "user name or password"),
        ("https://gateway.example.com?x=1", "no query"),
        ("https://gateway.example.com/#x", "no query"),
        ("https://gateway.example.com/a b", "blank"),
        ("https://gateway.example.com/\r\nX: y", "base_url"),
        ("gateway.example.com", "must look like"),
        ("ftp://gateway.example.com", "must look like"),
        ("file:///etc/passwd", "must look like"),
        ("https://", "must look like"),
        ("https://[::1", "base_url"),
        ("https://gateway.example.com:99999", "base_url"),
        ("https://gateway.example.com:x", "base_url"),
    ],
)
def test_an_address_that_must_not_get_the_key(base_url: str, words: str) -> None:
    """An address that is not one, or that the key would reach readable, is refused at once, in one line."""
    for kind in (ChainHub, AsyncChainHub):
        with pytest.raises(ConfigurationError, match=words) as raised:
            kind(api_key=KEY, base_url=base_url)
        assert "pw" not in str(raised.value)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "base_url",
    ["https://gateway.example.com", "HTTPS://Gateway.example.com:8443/x/", "http://localhost:1",
     "http://127.9.9.9", "http://[::1]:8080", " https://gateway.example.com \n"],
)  # fmt: skip
def test_an_address_that_may_have_the_key(base_url: str) -> None:
    """Https anywhere, plain http on loopback, with stray blanks around."""
    assert checked_base_url(base_url).lower() == base_url.strip().rstrip("/").lower()


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "no API key"),
        ("  ", "no API key"),
        ("sk-\nX-Evil: 1", "copy it again"),
        ("sk-TOPSECRET\r", "copy it again"),
        ("sk TOPSECRET", "copy it again"),
        ("sk-TOPSECRET\u00a0", "copy it again"),
        ("sk-TOPSECRETé", "copy it again"),
        ("sk-TOPSECRET\x7f", "copy it again"),
    ],
)
def test_a_key_that_cannot_be_one(key: str, words: str) -> None:
    """A key that cannot stand in a header is refused without being shown."""
    with pytest.raises(ConfigurationError, match=words) as raised:
        ChainHub(api_key=key)
    assert "SECRET" not in str(raised.value)


def test_key_and_address_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both variables are read when a client is made; arguments go first, and without a key there is no client."""
    with pytest.raises(ConfigurationError, match="CHAINHUB_API_KEY"):
        ChainHub()
    monkeypatch.setenv("CHAINHUB_API_KEY", "from-the-environment")
    monkeypatch.setenv("CHAINHUB_BASE_URL", "https://other.example.com/")
    assert checked_key(None) == "from-the-environment"
    assert checked_key("given") == "given"
    assert checked_base_url(None) == "https://other.example.com"
    assert checked_base_url("https://given.example.com") == "https://given.example.com"
    monkeypatch.setenv("CHAINHUB_BASE_URL", "")
    assert checked_base_url(None) == "https://api.chainhub.tech"


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
