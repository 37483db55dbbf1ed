"""Every value that the environment's proxies may have: a client that works, or an error that names it."""

from __future__ import annotations

import sys
from typing import Any

import httpcore
import pytest
from chainhub_video import (
    ConfigurationError,
    ConnectionFailed,
    RetryPolicy,
    SubmissionUncertain,
    Timeouts,
)

from tests.support.answering import hang_up, say
from tests.support.colours import Colour
from tests.support.proxies import PROXIES
from tests.support.scripted import Gateway
from tests.support.surrounded import HOST, PICTURES, Surroundings
from tests.support.wires import OPENAI, Wire, png

SECRET = "s3cret"
HASTY = Timeouts(connect=0.3, read=0.3, write=0.3, create=0.3)
TWICE = RetryPolicy(attempts=2, first=0.002, maximum=0.004, jitter=0)

WORKING: dict[str, dict[str, str]] = {
    "socks5": {"ALL_PROXY": "socks5://{socks5}"},
    "socks5h": {"all_proxy": "socks5h://{socks5}"},
    "socks": {"all_proxy": "socks://{socks5}/"},
    "capitals": {"HTTPS_PROXY": "SOCKS5://{socks5}"},
    "mixed name": {"Https_Proxy": "http://{http}"},
    "no scheme": {"HTTPS_PROXY": "{http}"},
    "blanks around": {"HTTPS_PROXY": "  http://{http} \t\n"},
    "slash": {"ALL_PROXY": "http://{http}/"},
    "needless user": {"ALL_PROXY": "http://user:s3cret@{http}"},
    "empty, then all": {"HTTPS_PROXY": "", "ALL_PROXY": "http://{http}"},
    "blank, then all": {"HTTPS_PROXY": "  ", "ALL_PROXY": "http://{http}"},
    "small letters first": {"HTTPS_PROXY": "socks4://x", "https_proxy": "http://{http}"},
    "another is broken": {"HTTP_PROXY": "socks4://x:1", "HTTPS_PROXY": "http://{http}"},
    "all is broken": {"ALL_PROXY": "ftp://x:port", "HTTPS_PROXY": "socks5://{socks5}"},
    "odd exemptions": {"ALL_PROXY": "http://{http}", "NO_PROXY": " ,, ::1/128 [::1],[::1 a/b 1.2.3.4/99 ü\udcff,://"},
}  # fmt: skip


@pytest.mark.parametrize("case", WORKING)
def test_values_that_work(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """Queries, creates and pictures go through the proxy, which sees no key; a broken variable not needed is none."""
    proxies = {kind: surroundings.open(kind) for kind in PROXIES}
    addresses = {kind: proxy.address for kind, proxy in proxies.items()}
    for name, value in WORKING[case].items():
        monkeypatch.setenv(name, value.format(**addresses))
    hub = colour.hub(f"https://{HOST}")
    assert hub.videos.retrieve("video_1").raw_status == "processing"
    OPENAI.create(hub, image=f"https://{PICTURES}/kitten.png")
    assert surroundings.gateway.of("create")[0].parts["input_reference"] == png()
    hub.close()
    asked = [host for proxy in proxies.values() for host in proxy.asked]
    assert sorted(asked) == [f"{HOST}:443"] * 2 + [f"{PICTURES}:443"]
    assert not any(b"the-key" in proxy.heard for proxy in proxies.values())


BROKEN: dict[str, tuple[str, str]] = {
    "socks4": ("socks4://x:1080", "'socks4://x:1080': a proxy's address starts with"),
    "ftp": ("ftp://u:s3cret@x", r"'ftp://\*\*\*@x': a proxy's address starts with"),
    "no scheme's name": ("://x:1", "'://x:1': a proxy's address starts with"),
    "words": ("http://a b:80", "'http://a b:80', which is not the address of a proxy"),
    "port of letters": ("http://x:s3cret@h:abc", "h:abc', which is not"),
    "port too large": ("http://x:65536", "x:65536', which is not"),
    "port 0": ("http://x:0", "x:0', which is not"),
    "port negative": ("socks5://x:-1", "x:-1', which is not"),
    "no host": ("http://:8080", "http://:8080', which is not"),
    "only a scheme": ("http://", "'http://', which is not"),
    "slash in a password": ("http://u:s3/s3cret@h:1", r"'http://\*\*\*@h:1', which is not"),
    "scheme in a password": ("http://u:s3cret://@h:1", r"'http://\*\*\*@h:1', which is not"),
    "colon in a password": ("http://u:x:y", "u:x:y', which is not"),
    "escaped sign": ("http://u:s3cret%40h:1x", r"'http://\*\*\*@h:1x', which is not"),
    "two brackets": ("http://[::1", r"\[::1', which is not"),
    "bare IPv6": ("http://::1:8080", "::1:8080', which is not"),
    "control character": ("http://h\x01:1", "which is not"),
    "undecodable": ("http://h\udcff:1", "which is not"),
    "not a name": ("http://ab_*:1", "which is not"),
    "long user": (f"socks5://{'u' * 256}:s3cret@h:1", "at most 255 bytes"),
}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("case", BROKEN)
def test_values_that_cannot_work(
    colour: Colour,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    variable: str,
) -> None:
    """The error names the variable as it is spelled, its value without credentials, and the next step."""
    value, expected = BROKEN[case]
    monkeypatch.setenv(variable, value)
    hub = colour.hub(f"https://{HOST}", max_creates=1)
    for queries in (True, False, False):
        with pytest.raises(ConfigurationError, match=expected) as raised:
            hub.videos.retrieve("video_1") if queries else OPENAI.create(hub)
        message = str(raised.value)
        assert message.startswith(f"{variable} is '")
        assert f"correct {variable}, unset it, or name the host in NO_PROXY" in message
        error: BaseException | None = raised.value
        while error is not None:
            assert SECRET not in f"{error!r} {error}", error
            error = error.__cause__ or error.__context__
    assert surroundings.gateway.arrived == []


def test_socks_without_its_package(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SOCKS proxy without the package for it is told with what installs it; elsewhere it costs nothing."""
    monkeypatch.setattr(
        httpcore, "SOCKSProxy", httpcore.SOCKSProxy
    )  # looked up with the package there
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"socks5://user:{SECRET}@127.0.0.1:1080")
    told = (
        r"^ALL_PROXY is 'socks5://\*\*\*@127.0.0.1:1080', and SOCKS proxies need one more package: "
        r'pip install "chainhub-video\[socks\]"; or correct ALL_PROXY'
    )
    with pytest.raises(ConfigurationError, match=told):
        colour.hub(f"https://{HOST}").videos.retrieve("video_1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    direct = colour.hub(f"https://127.0.0.1:{surroundings.gateway.port}")
    assert direct.videos.retrieve("video_1").raw_status == "processing"


@pytest.mark.parametrize("kind", PROXIES)
def test_a_proxy_that_wants_a_login(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Credentials reach the proxy unescaped; wrong ones end in an error that does not show them."""
    proxy = surroundings.open(kind, login=("mé", "p@ss/word"))
    monkeypatch.setenv("ALL_PROXY", f"{kind}://m%C3%A9:p%40ss%2Fword@{proxy.address}")
    assert OPENAI.create(colour.hub(f"https://{HOST}")).id
    monkeypatch.setenv("ALL_PROXY", f"{kind}://me:{SECRET}@{proxy.address}")
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


@pytest.mark.parametrize("kind", PROXIES)
@pytest.mark.parametrize("case", FAULTS)
def test_a_create_that_the_proxy_does_not_let_through_was_not_sent(
    colour: Colour,
    wire: Wire,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
    kind: str,
) -> None:
    """However a proxy fails before there is a tunnel, the create was not sent, is tried again, and is not counted."""
    host, options = FAULTS[case]
    speaks = kind if case != "speaks another protocol" else ({*PROXIES} - {kind}).pop()
    proxy = surroundings.open(speaks, **options)
    address = "127.0.0.1:9" if case == "is not there" else proxy.address
    monkeypatch.setenv("https_proxy", f"{kind}://{address}")
    hub = colour.hub(f"https://{host}", timeout=HASTY, retry=TWICE, max_creates=1)
    for _ in range(2):
        with pytest.raises(ConnectionFailed, match=r"; nothing was sent$") as raised:
            wire.create(hub)
        assert f"https_proxy is '{kind}://{address}'" in str(raised.value)
    assert surroundings.gateway.arrived == []
    if case in ("refuses", "silence", "nonsense", "close"):
        tries = 2 if case == "silence" else 4  # after a silence the time for a create is over
        assert proxy.asked == [f"{host}:443"] * tries
    hub.close()


@pytest.mark.parametrize("kind", PROXIES)
def test_a_lost_answer_through_a_proxy_is_uncertain(
    colour: Colour,
    wire: Wire,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """What was sent through a tunnel and not answered may have been paid: it is sent once, and told as uncertain."""
    surroundings.gateway.on("create", hang_up())
    monkeypatch.setenv("ALL_PROXY", f"{kind}://{surroundings.open(kind).address}")
    with pytest.raises(SubmissionUncertain):
        wire.create(colour.hub(f"https://{HOST}"))
    assert surroundings.gateway.count("create") == 1


@pytest.mark.parametrize("kind", PROXIES)
def test_connections_through_a_proxy_are_kept_for_queries_alone(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Queries share one tunnel, and each create has one of its own."""
    proxy = surroundings.open(kind)
    monkeypatch.setenv("ALL_PROXY", f"{kind}://{proxy.address}")
    hub = colour.hub(f"https://{HOST}")
    for _ in range(3):
        hub.videos.retrieve("video_1")
    assert len(proxy.asked) == 1
    for _ in range(3):
        OPENAI.create(hub)
    assert len(proxy.asked) == 4
    connections = [arrived.connection for arrived in surroundings.gateway.of("create")]
    assert len({*connections}) == 3


@pytest.mark.parametrize("kind", PROXIES)
def test_failures_behind_a_proxy_do_not_add_up(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Failures do not keep a client from the connection that works at last."""
    proxy = surroundings.open(kind)
    monkeypatch.setenv("ALL_PROXY", f"{kind}://{proxy.address}")
    hub = colour.hub(f"https://{HOST}", timeout=HASTY)
    surroundings.gateway.rude = 5
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            hub.videos.retrieve("video_1")
    assert hub.videos.retrieve("video_1").raw_status == "processing"
    hub.close()


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_that_is_reached_by_tls(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, *, trusted: bool
) -> None:
    """The certificates of the environment are those for an https:// proxy, too."""
    proxy = surroundings.open("http", trust=surroundings.trust)
    monkeypatch.setenv("ALL_PROXY", f"https://{proxy.address}")
    if not trusted:
        monkeypatch.delenv("SSL_CERT_FILE")
    hub = colour.hub(f"https://{HOST}", retry=TWICE)
    if trusted:
        OPENAI.create(hub)
        assert proxy.asked == [f"{HOST}:443"]
    else:
        with pytest.raises(ConnectionFailed, match="by way of a proxy: ALL_PROXY is 'https://"):
            OPENAI.create(hub)
        assert proxy.asked == []
    hub.close()


def test_a_picture_that_no_proxy_can_fetch_costs_nothing(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only the link needs a broken variable, the create ends with its name before anything is sent."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{surroundings.open('http').address}")
    monkeypatch.setenv("HTTP_PROXY", "socks4://x")
    hub = colour.hub(f"https://{HOST}")
    with pytest.raises(ConfigurationError, match=r"^HTTP_PROXY is 'socks4://x'"):
        OPENAI.create(hub, image=f"http://{PICTURES}/kitten.png")
    assert surroundings.gateway.arrived == []
    assert hub.videos.retrieve("video_1").raw_status == "processing"


def test_ready_tells_before_anything_is_sent(
    colour: Colour, gateway: Gateway, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`IO.ready` raises what a request to the gateway would raise, sends nothing, and is content with a lent client."""
    monkeypatch.setenv("ALL_PROXY", "socks4://x")
    with pytest.raises(ConfigurationError, match=r"^ALL_PROXY is 'socks4://x'"):
        _ready(colour, colour.hub(f"https://{HOST}"))
    _ready(colour, colour.hub(gateway.url))
    monkeypatch.setenv("NO_PROXY", "*")
    _ready(colour, colour.hub(f"https://{HOST}"))
    monkeypatch.delenv("NO_PROXY")
    lent = colour.http_client(trust_env=False)
    _ready(colour, colour.hub(f"https://{HOST}", http_client=lent))
    closed = colour.hub(gateway.url)
    closed.close()
    with pytest.raises(ConfigurationError, match="closed"):
        _ready(colour, closed)
    assert surroundings.gateway.arrived == gateway.arrived == []


def _ready(colour: Colour, hub: Any) -> None:
    async def flow(io: Any, _settings: Any) -> None:
        io.ready()

    colour.finish(hub.client._driver.run(flow))


def test_plain_http_goes_to_the_proxy_whole(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain http link is asked of HTTP_PROXY by its whole address, and of a SOCKS proxy through a tunnel."""
    forwarding = surroundings.open("http")
    monkeypatch.setenv("HTTP_PROXY", forwarding.address)
    with Gateway() as plain:
        plain.on("/kitten.png", say(200, png()))
        link = "http://plain.invalid/kitten.png"
        hub = colour.hub(f"https://{HOST}")
        with pytest.raises(Exception, match="answered HTTP 502"):
            OPENAI.create(hub, image=link)
        assert forwarding.asked == [link]
        socks = surroundings.open("socks5", also={"plain.invalid": plain.port})
        monkeypatch.setenv("HTTP_PROXY", f"socks5://{socks.address}")
        monkeypatch.setenv("HTTPS_PROXY", f"socks5://{socks.address}")
        OPENAI.create(colour.hub(f"https://{HOST}"), image=link)
        assert socks.asked == ["plain.invalid:80", f"{HOST}:443"]
