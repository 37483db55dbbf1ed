"""The environment's proxies, certificates, key and address."""

from __future__ import annotations

import os

import httpx
import pytest
from chainhub_video import ChainHub, ConnectionFailed

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.proxies import PROXIES
from tests.support.scripted import Gateway
from tests.support.surrounded import HOST, Surroundings
from tests.support.wires import OPENAI, UNIFIED, png

ENVIRONMENTS: dict[str, tuple[dict[str, str], bool]] = {
    "HTTPS_PROXY": ({"HTTPS_PROXY": "{}"}, True),
    "https_proxy": ({"https_proxy": "{}"}, True),
    "ALL_PROXY": ({"ALL_PROXY": "{}"}, True),
    "HTTP_PROXY only": ({"HTTP_PROXY": "{}"}, False),
    "NO_PROXY the host": ({"HTTPS_PROXY": "{}", "NO_PROXY": HOST}, False),
    "NO_PROXY its domain": ({"HTTPS_PROXY": "{}", "NO_PROXY": ".invalid"}, False),
    "NO_PROXY everything": ({"ALL_PROXY": "{}", "NO_PROXY": "*"}, False),
    "NO_PROXY another host": ({"HTTPS_PROXY": "{}", "NO_PROXY": "example.com"}, True),
    "none": ({}, False),
}


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("case", ENVIRONMENTS)
def test_proxies_are_those_of_the_http_library(
    colour: Colour,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    kind: str,
) -> None:
    """With each environment, queries and creates take the way that bare httpx takes; no proxy is told the key."""
    variables, expected = ENVIRONMENTS[case]
    proxy = surroundings.open(kind)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(f"{kind}://{proxy.address}"))
    try:
        reached = httpx.get(f"https://{HOST}/v1/videos/bare").status_code == 200
    except httpx.ConnectError:
        reached = False
    assert bool(proxy.asked) == reached == expected
    proxy.asked.clear()
    hub = colour.hub(f"https://{HOST}")
    if expected:
        assert hub.videos.retrieve("video_1").raw_status == "processing"
        OPENAI.create(hub)
        assert surroundings.gateway.of("create")[0].parts["input_reference"] == png()
        assert proxy.asked == [f"{HOST}:443"] * 2
    else:
        with pytest.raises(ConnectionFailed, match="nothing was sent"):
            OPENAI.create(hub)
        assert proxy.asked == []
    hub.close()
    assert b"the-key" not in proxy.heard


def test_a_gateway_on_this_machine_needs_no_proxy(
    colour: Colour, gateway: Gateway, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is said to a sandbox on loopback, the key included, is not carried to the environment's proxy."""
    proxy = surroundings.open("http")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.address)
    gateway.on("query", tell(OPENAI.seen()))
    gateway.on("create", tell(OPENAI.created()))
    hub = colour.hub(gateway.url)
    hub.videos.retrieve("video_1")
    OPENAI.create(hub)
    assert proxy.asked == []
    assert len(gateway.arrived) == 2


def test_certificates_are_those_of_the_http_library(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate of one's own is refused, and accepted once SSL_CERT_FILE names its authority."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{surroundings.open('http').address}")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(ConnectionFailed, match=r"CERTIFICATE_VERIFY_FAILED.*nothing was sent"):
        OPENAI.create(colour.hub(f"https://{HOST}"))
    assert surroundings.gateway.arrived == []
    monkeypatch.setenv("SSL_CERT_FILE", str(surroundings.authority))
    hub = colour.hub(f"https://{HOST}")
    assert OPENAI.create(hub).id
    hub.close()


def test_nothing_is_read_from_the_environment_later(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key and the address are those of the moment the client was made, whatever the environment says later."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "the-key")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    gateway.on("query", tell(UNIFIED.seen()))
    with ChainHub() as hub:
        monkeypatch.setenv("CHAINHUB_API_KEY", "another")
        os.environ.pop("CHAINHUB_BASE_URL")
        hub.videos.retrieve(UNIFIED.task())
    assert gateway.arrived[0].headers["authorization"] == "Bearer the-key"
