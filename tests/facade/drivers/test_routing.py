"""Requests take the way that the environment says: directly, or through a proxy that may fail in every manner."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from chainhub_video import (
    ConfigurationError,
    ConnectionFailed,
    RetryPolicy,
    SubmissionUncertain,
    Timeouts,
)

from tests.support.answering import hang_up, say, tell
from tests.support.colours import Colour
from tests.support.proxies import PROXIES
from tests.support.scripted import Gateway
from tests.support.surrounded import HOST, PICTURES, Surroundings
from tests.support.wires import OPENAI, WIRES, png

SECRET = "s3cret"
HASTY = Timeouts(connect=0.3, read=0.3, write=0.3, create=0.3)
TWICE = RetryPolicy(attempts=2, first=0.002, maximum=0.004, jitter=0)
each_proxy = pytest.mark.parametrize("kind", PROXIES)

WORKING: list[dict[str, str]] = [
    {"ALL_PROXY": "socks5://{socks5}"},
    {"all_proxy": "socks5h://{socks5}"},
    {"all_proxy": "socks://{socks5}/"},
    {"HTTPS_PROXY": "SOCKS5://{socks5}"},
    {"Https_Proxy": "http://{http}"},
    {"HTTPS_PROXY": "{http}"},
    {"HTTPS_PROXY": "  http://{http} \t\n"},
    {"ALL_PROXY": "http://{http}/"},
    {"ALL_PROXY": "http://user:s3cret@{http}"},  # it wants none
    {"HTTPS_PROXY": "", "ALL_PROXY": "http://{http}"},
    {"HTTPS_PROXY": "  ", "ALL_PROXY": "http://{http}"},
    {"HTTPS_PROXY": "socks4://x", "https_proxy": "http://{http}"},
    # a broken variable that is not needed is none
    {"HTTP_PROXY": "socks4://x:1", "HTTPS_PROXY": "http://{http}"},
    {"ALL_PROXY": "ftp://x:port", "HTTPS_PROXY": "socks5://{socks5}"},
    {"ALL_PROXY": "http://{http}", "NO_PROXY": " ,, ::1/128 [::1],[::1 a/b 1.2.3.4/99 ü\udcff,://"},
]


def test_values_that_work(colour: Colour, surroundings: Surroundings) -> None:
    """Queries, creates and pictures go through the proxy, which sees no key."""
    proxies = {kind: surroundings.open(kind) for kind in PROXIES}
    addresses = {kind: proxy.address for kind, proxy in proxies.items()}
    for case in WORKING:
        surroundings.set(**{name: value.format(**addresses) for name, value in case.items()})
        hub = colour.hub(f"https://{HOST}")
        assert hub.videos.retrieve("video_1").raw_status == "processing"
        OPENAI.create(hub, image=f"https://{PICTURES}/kitten.png")
        assert surroundings.gateway.of("create")[-1].parts["input_reference"] == png()
        hub.close()
        asked = [host for proxy in proxies.values() for host in proxy.asked]
        assert sorted(asked) == [f"{HOST}:443"] * 2 + [f"{PICTURES}:443"], case
        for proxy in proxies.values():
            assert b"the-key" not in proxy.heard
            proxy.asked.clear()


# Variables, and whether a request to the gateway goes through the proxy.
WAYS: list[tuple[dict[str, str], bool]] = [
    ({"HTTPS_PROXY": "{}"}, True),
    ({"https_proxy": "{}"}, True),
    ({"ALL_PROXY": "{}"}, True),
    ({"HTTP_PROXY": "{}"}, False),
    ({"HTTPS_PROXY": "{}", "NO_PROXY": HOST}, False),
    ({"HTTPS_PROXY": "{}", "NO_PROXY": ".invalid"}, False),
    ({"ALL_PROXY": "{}", "NO_PROXY": "*"}, False),
    ({"HTTPS_PROXY": "{}", "NO_PROXY": "example.com"}, True),
    ({}, False),
]


@each_proxy
def test_the_way_is_that_of_the_http_library(
    colour: Colour, surroundings: Surroundings, kind: str
) -> None:
    """In each environment, requests take the way that bare httpx takes."""
    proxy = surroundings.open(kind)
    for variables, expected in WAYS:
        address = f"{kind}://{proxy.address}"
        surroundings.set(**{name: value.format(address) for name, value in variables.items()})
        try:
            reached = httpx.get(f"https://{HOST}/v1/videos/bare").status_code == 200
        except httpx.ConnectError:
            reached = False
        assert bool(proxy.asked) == reached == expected, variables
        proxy.asked.clear()
        hub = colour.hub(f"https://{HOST}")
        if expected:
            OPENAI.create(hub)
        else:
            with pytest.raises(ConnectionFailed, match="nothing was sent"):
                OPENAI.create(hub)
        assert proxy.asked == [f"{HOST}:443"] * expected, variables
        proxy.asked.clear()


def test_exempt_hosts_are_asked_directly(
    colour: Colour, surroundings: Surroundings, gateway: Gateway
) -> None:
    """What NO_PROXY names is reached past the proxy, and so is a sandbox on this machine by plain http."""
    port = surroundings.gateway.port
    proxy = surroundings.open("http", also={"127.0.0.1": port})
    for entries in (
        "127.0.0.0/8",
        "x 127.0.0.1,",
        f"127.0.0.1:{port}",
        "[::1],*",
        "::1, 127.0.0.1:1",
    ):
        surroundings.set(ALL_PROXY=f"http://{proxy.address}", NO_PROXY=entries)
        assert proxy.asked == []
        colour.hub(f"https://127.0.0.1:{port}").videos.retrieve("video_1")
    assert proxy.asked == [f"127.0.0.1:{port}"]  # the last one exempts another port
    surroundings.set(**dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy.address))
    gateway.on("create", tell(OPENAI.created()))
    OPENAI.create(colour.hub(gateway.url))
    assert len(proxy.asked) == 1


def test_a_proxy_that_cannot_be_used_sends_nothing(
    colour: Colour, surroundings: Surroundings
) -> None:
    """Whatever is called ends in an error that shows no credentials, by its causes neither, and counts no create."""
    for value in ("socks4://x:1080", f"http://u:{SECRET}/x@h:1", f"http://x:{SECRET}@h:abc"):
        surroundings.set(HTTPS_PROXY=value)
        hub = colour.hub(f"https://{HOST}", max_creates=1)
        for queries in (True, False, False):
            with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY is '") as raised:
                hub.videos.retrieve("video_1") if queries else OPENAI.create(hub)
            error: BaseException | None = raised.value
            while error is not None:
                assert SECRET not in f"{error!r} {error}"
                error = error.__cause__ or error.__context__
    assert surroundings.gateway.arrived == []


@each_proxy
def test_a_proxy_that_wants_a_login(colour: Colour, surroundings: Surroundings, kind: str) -> None:
    """Credentials reach the proxy unescaped; wrong ones end in an error that does not show them."""
    proxy = surroundings.open(kind, login=("mé", "p@ss/word"))
    surroundings.set(ALL_PROXY=f"{kind}://m%C3%A9:p%40ss%2Fword@{proxy.address}")
    assert OPENAI.create(colour.hub(f"https://{HOST}")).id
    surroundings.set(ALL_PROXY=f"{kind}://me:{SECRET}@{proxy.address}")
    with pytest.raises(ConnectionFailed, match=r"ProxyError.*nothing was sent") as raised:
        OPENAI.create(colour.hub(f"https://{HOST}"))
    assert f"ALL_PROXY is '{kind}://***@{proxy.address}'" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert surroundings.gateway.count("create") == 1


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "refuses": ("other.invalid", {}),
    "silence": (HOST, {"fault": "silence"}),
    "nonsense": (HOST, {"fault": "nonsense"}),
    "close": (HOST, {"fault": "close"}),
    "wants a login": (HOST, {"login": ("me", "word")}),
    "speaks another protocol": (HOST, {}),
    "is not there": (HOST, {}),
}


@each_proxy
def test_a_create_that_the_proxy_does_not_let_through_was_not_sent(
    colour: Colour, surroundings: Surroundings, kind: str
) -> None:
    """However a proxy fails before there is a tunnel, the create was not sent, is tried again, and is not counted."""
    for case, (host, options) in FAULTS.items():
        speaks = kind if case != "speaks another protocol" else ({*PROXIES} - {kind}).pop()
        proxy = surroundings.open(speaks, **options)
        address = "127.0.0.1:9" if case == "is not there" else proxy.address
        surroundings.set(https_proxy=f"{kind}://{address}")
        timeout = HASTY if case in ("silence", "speaks another protocol") else None
        hub = colour.hub(f"https://{host}", timeout=timeout, retry=TWICE, max_creates=1)
        for wire in WIRES.values():
            with pytest.raises(ConnectionFailed, match=r"; nothing was sent$") as raised:
                wire.create(hub)
            assert f"https_proxy is '{kind}://{address}'" in str(raised.value), case
        assert surroundings.gateway.arrived == []
        if case in ("refuses", "silence", "nonsense", "close"):
            tries = 2 if case == "silence" else 4  # after a silence the time for a create is over
            assert proxy.asked == [f"{host}:443"] * tries, case
        hub.close()


@each_proxy
def test_connections_through_a_proxy(colour: Colour, surroundings: Surroundings, kind: str) -> None:
    """Queries share a tunnel, after failures as well; each create has its own and is sent once."""
    proxy = surroundings.open(kind)
    surroundings.set(ALL_PROXY=f"{kind}://{proxy.address}")
    hub = colour.hub(f"https://{HOST}")
    for _ in range(3):
        hub.videos.retrieve("video_1")
    assert len(proxy.asked) == 1
    surroundings.gateway.on("create", hang_up())
    for wire in WIRES.values():
        with pytest.raises(SubmissionUncertain):
            wire.create(hub)
    assert len(proxy.asked) == 3
    assert len({arrived.connection for arrived in surroundings.gateway.of("create")}) == 2
    unlucky = colour.hub(f"https://{HOST}")
    surroundings.gateway.rude = 5
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            unlucky.videos.retrieve("video_1")
    before = len(proxy.asked)
    for _ in range(3):
        assert unlucky.videos.retrieve("video_1").raw_status == "processing"
    assert len(proxy.asked) == before + 1


def test_certificates_are_those_of_the_environment(
    colour: Colour, surroundings: Surroundings
) -> None:
    """A certificate of one's own, an https:// proxy's too, is refused until SSL_CERT_FILE names its authority."""
    plain, secured = surroundings.open("http"), surroundings.open("http", trust=surroundings.trust)
    for address, words in (
        (f"http://{plain.address}", "CERTIFICATE_VERIFY_FAILED"),
        (f"https://{secured.address}", "by way of a proxy: ALL_PROXY is 'https://"),
    ):
        surroundings.set(ALL_PROXY=address)
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("SSL_CERT_FILE")
            with pytest.raises(ConnectionFailed, match=f"{words}.*nothing was sent"):
                OPENAI.create(colour.hub(f"https://{HOST}", retry=TWICE))
        OPENAI.create(colour.hub(f"https://{HOST}"))
    assert secured.asked == [f"{HOST}:443"]
    assert surroundings.gateway.count("create") == 2


def test_a_picture_that_no_proxy_can_fetch_costs_nothing(
    colour: Colour, surroundings: Surroundings
) -> None:
    """Where only the link needs a broken variable, the create ends with its name before anything is sent."""
    address = f"http://{surroundings.open('http').address}"
    surroundings.set(HTTPS_PROXY=address, HTTP_PROXY="socks4://x")
    hub = colour.hub(f"https://{HOST}")
    with pytest.raises(ConfigurationError, match=r"^HTTP_PROXY is 'socks4://x'"):
        OPENAI.create(hub, image=f"http://{PICTURES}/kitten.png")
    assert surroundings.gateway.arrived == []
    assert hub.videos.retrieve("video_1").raw_status == "processing"


def test_ready_tells_before_anything_is_sent(
    colour: Colour, gateway: Gateway, surroundings: Surroundings
) -> None:
    """`IO.ready` raises what a request to the gateway would raise, sends nothing, and is content with a lent client."""

    async def flow(io: Any, _settings: Any) -> None:
        io.ready()

    def ready(url: str, **options: Any) -> None:
        colour.finish(colour.hub(url, **options).client._driver.run(flow))

    surroundings.set(ALL_PROXY="socks4://x")
    with pytest.raises(ConfigurationError, match=r"^ALL_PROXY is 'socks4://x'"):
        ready(f"https://{HOST}")
    ready(gateway.url)
    ready(f"https://{HOST}", http_client=colour.http_client(trust_env=False))
    surroundings.set(ALL_PROXY="socks4://x", NO_PROXY="*")
    ready(f"https://{HOST}")
    closed = colour.hub(gateway.url)
    closed.close()
    with pytest.raises(ConfigurationError, match="closed"):
        colour.finish(closed.client._driver.run(flow))
    assert surroundings.gateway.arrived == gateway.arrived == []


def test_plain_http_goes_to_the_proxy_whole(colour: Colour, surroundings: Surroundings) -> None:
    """A plain http link is asked of HTTP_PROXY by its whole address, and of a SOCKS proxy through a tunnel."""
    forwarding = surroundings.open("http")
    surroundings.set(HTTP_PROXY=forwarding.address)
    with Gateway() as plain:
        plain.on("/kitten.png", say(200, png()))
        link = "http://plain.invalid/kitten.png"
        with pytest.raises(Exception, match="answered HTTP 502"):
            OPENAI.create(colour.hub(f"https://{HOST}"), image=link)
        assert forwarding.asked == [link]
        socks = surroundings.open("socks5", also={"plain.invalid": plain.port})
        address = f"socks5://{socks.address}"
        surroundings.set(HTTP_PROXY=address, HTTPS_PROXY=address)
        OPENAI.create(colour.hub(f"https://{HOST}"), image=link)
        assert socks.asked == ["plain.invalid:80", f"{HOST}:443"]
