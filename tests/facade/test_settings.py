"""What a client is set up with: address, key, timeouts and policies, checked before anything is sent."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import yaml
from chainhub_video import (
    AsyncChainHub,
    ChainHub,
    ConfigurationError,
    PollPolicy,
    RetryPolicy,
    Timeouts,
)
from chainhub_video.settings import DEFAULT_BASE_URL, checked_base_url, checked_key

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.drivers import BLOCKING
from tests.support.places import ROOT
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, WIRES, png


@BLOCKING
def test_a_base_url_keeps_its_path(colour: Colour) -> None:
    """A gateway below a path is asked there, with or without a slash at the end, also on ::1."""
    for host, path in (
        ("127.0.0.1", ""),
        ("127.0.0.1", "/"),
        ("127.0.0.1", "/a/b//"),
        ("::1", "/proxy"),
    ):
        with Gateway(host) as gateway:
            below = path.rstrip("/")
            for wire in WIRES.values():
                target = f"{below}{wire.create_target}"
                gateway.on(target if below else "create", tell(wire.created()))
                wire.create(colour.hub(gateway.url + path))
                assert gateway.arrived[-1].target == target


# An address, and words of its refusal.
BAD_ADDRESSES = [
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
    ("http://[::1]evil.example.com", "base_url"),
    ("https://[::1]evil.example.com:80", "must look like|is not an address"),
    ("http://[::1].example.com", "base_url"),
    ("http://[::1]]", "base_url"),
    ("https://gateway.example.com\\.evil.example.com", "must look like"),
]


def test_an_address_that_must_not_get_the_key() -> None:
    """An address that is not one, or that the key would reach readable, is refused at once, in one line."""
    for base_url, words in BAD_ADDRESSES:
        for kind in (ChainHub, AsyncChainHub):
            with pytest.raises(ConfigurationError, match=words) as raised:
                kind(api_key="the-key", base_url=base_url)
            assert "pw" not in str(raised.value)
            assert "\n" not in str(raised.value)


def test_an_address_that_may_have_the_key() -> None:
    """Https anywhere, plain http on loopback, with stray blanks around."""
    for base_url in (
        "https://gateway.example.com", "HTTPS://Gateway.example.com:8443/x/", "http://localhost:1",
        "http://127.9.9.9", "http://[::1]:8080", " https://gateway.example.com \n",
    ):  # fmt: skip
        assert checked_base_url(base_url).lower() == base_url.strip().rstrip("/").lower()


def test_the_default_address_is_that_of_every_operation() -> None:
    """When a page of the vendor moves to another server, the facade's default address cannot be left behind."""
    document = yaml.safe_load((ROOT / "openapi/openapi.yaml").read_text())
    servers = [
        (operation.get("servers") or item.get("servers") or document["servers"])[0]["url"].rstrip(
            "/"
        )
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in ("get", "post")
    ]
    told = "change DEFAULT_BASE_URL in facade/chainhub_video/settings.py, or correct the page"
    assert servers == [DEFAULT_BASE_URL] * 5, told


# A key, and words of its refusal.
BAD_KEYS = [
    ("", "no API key"),
    ("  ", "no API key"),
    ("sk-\nX-Evil: 1", "copy it again"),
    ("sk-TOPSECRET\r", "copy it again"),
    ("sk TOPSECRET", "copy it again"),
    ("sk-TOPSECRET\u00a0", "copy it again"),
    ("sk-TOPSECRETé", "copy it again"),
    ("sk-TOPSECRET\x7f", "copy it again"),
]


def test_a_key_that_cannot_be_one() -> None:
    """A key that cannot stand in a header is refused without being shown."""
    for key, words in BAD_KEYS:
        with pytest.raises(ConfigurationError, match=words) as raised:
            ChainHub(api_key=key)
        assert "SECRET" not in str(raised.value)


def test_key_and_address_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, gateway: Gateway
) -> None:
    """Both variables are read when a client is made, and not later; arguments go first."""
    with pytest.raises(ConfigurationError, match="CHAINHUB_API_KEY"):
        ChainHub()
    monkeypatch.setenv("CHAINHUB_API_KEY", "the-key")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    assert (checked_key("given"), checked_base_url("https://x.y/")) == ("given", "https://x.y")
    gateway.on("query", tell(UNIFIED.seen()))
    with ChainHub() as hub:
        monkeypatch.setenv("CHAINHUB_API_KEY", "another")
        monkeypatch.setenv("CHAINHUB_BASE_URL", "")
        hub.videos.retrieve(UNIFIED.task())
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"
    assert checked_base_url(None) == "https://api.chainhub.tech"


# What is passed as `timeout`, and the seconds of the create, and of all else: connect, read, write, pool.
TIMEOUTS: list[tuple[Any, tuple[float, ...], tuple[float, ...]]] = [
    (None, (10, 300, 120, 10), (10, 60, 120, 10)),
    (5, (5, 300, 5, 5), (5, 5, 5, 5)),
    (900.0, (900, 900, 900, 900), (900, 900, 900, 900)),
    (Timeouts(1, 2, 3, 4), (1, 4, 3, 1), (1, 2, 3, 1)),
]


def test_timeouts_reach_the_wire(colour: Colour) -> None:
    """One number bounds each step but never cuts a create's answer short; a lent client's own yield."""
    seen: list[tuple[float, ...]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        steps = request.extensions["timeout"]
        seen.append(tuple(steps[step] for step in ("connect", "read", "write", "pool")))
        if request.url.host == "pictures.test":
            return httpx.Response(200, content=png())
        return httpx.Response(200, json={"id": "video_1", "status": "processing"})

    lent = colour.http_client(transport=httpx.MockTransport(answer), timeout=0.001)
    for timeout, create, other in TIMEOUTS:
        seen.clear()
        hub = colour.hub("https://gateway.test", http_client=lent, timeout=timeout)
        OPENAI.create(hub, image="https://pictures.test/kitten.png")
        hub.videos.retrieve("video_1")
        assert seen == [other, create, other], timeout


def test_settings_that_make_no_sense_are_refused() -> None:
    """By name, when they are made: timeouts of no time, and policies that could never be kept."""
    for timeout in (0, -1, float("nan")):
        with pytest.raises(ConfigurationError, match="above 0 seconds"):
            ChainHub(api_key="the-key", timeout=timeout)
    retries = {"attempts": 0, "first": -1, "maximum": 0, "jitter": -0.1, "patience": float("nan")}
    polls = {"first": -1, "rate": 0, "patience": -1, "interval": 0, "jitter": 2, "minimum": -1}
    for policy, options in ((RetryPolicy, retries), (PollPolicy, polls)):
        for name, value in options.items():
            with pytest.raises(ValueError, match=name):
                policy(**{name: value})  # type: ignore[arg-type]  # as it is named
        for jitter in (-0.1, 1.1, float("nan")):
            with pytest.raises(ValueError, match="jitter must be from 0 to 1"):
                policy(jitter=jitter)
