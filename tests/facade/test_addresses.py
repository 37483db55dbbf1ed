"""Which addresses and ids may be used, and what becomes of those that may not."""

from __future__ import annotations

from typing import Any

import pytest
from chainhub_video import AsyncChainHub, ChainHub, ConfigurationError, InvalidRequest
from chainhub_video.settings import checked_base_url, checked_key

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import Wire


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


def test_an_id_of_any_length_is_shown_short(hub: Any, gateway: Gateway) -> None:
    """What is said about an id of five thousand characters still is a line that can be read."""
    for task_id in ("x" * 5000, "video_\n" + "x" * 5000):
        with pytest.raises(InvalidRequest) as raised:
            hub.videos.retrieve(task_id)
        assert len(str(raised.value)) < 500
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
        ("http://[::1]evil.example.com", "base_url"),
        ("https://[::1]evil.example.com:80", "must look like|is not an address"),
        ("http://[::1].example.com", "base_url"),
        ("http://[::1]]", "base_url"),
        ("https://gateway.example.com\\.evil.example.com", "must look like"),
    ],
)
def test_an_address_that_must_not_get_the_key(base_url: str, words: str) -> None:
    """An address that is not one, or that the key would reach readable, is refused at once, in one line."""
    for kind in (ChainHub, AsyncChainHub):
        with pytest.raises(ConfigurationError, match=words) as raised:
            kind(api_key="the-key", base_url=base_url)
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
