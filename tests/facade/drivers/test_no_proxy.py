"""Which hosts NO_PROXY exempts: what curl exempts, and what httpx does besides."""

from __future__ import annotations

import shutil
import subprocess
from typing import TypeAlias

import httpx
import pytest
from chainhub_video.drivers.environment import environment_routes

from tests.support.colours import Colour
from tests.support.surrounded import Surroundings

HTTPS, HTTP = "https://", "http://"
# An entry, and hosts that it exempts and does not exempt.
Table: TypeAlias = dict[str, tuple[list[str], list[str]]]
ENTRIES: Table = {
    "example.com": (["example.com", "a.example.com", "EXAMPLE.com", "example.com."], ["anexample.com", "com"]),
    ".example.com": (["example.com", "a.b.example.com"], ["anexample.com"]),
    "example.com.": (["example.com"], ["example.org"]),
    "localhost": (["localhost"], ["127.0.0.1"]),
    "a.com,b.com": (["a.com", "b.com"], ["c.com"]),
    " a.com ,, b.com\tc.com ": (["a.com", "b.com", "c.com"], ["d.com"]),
    "*": (["a.com", "127.0.0.1", "[::1]"], []),
    "127.0.0.1": (["127.0.0.1"], ["127.0.0.2", "1.127.0.0.1.com"]),
    "10.0.0.0/8": (["10.1.2.3"], ["11.0.0.1", "10.example.com"]),
    "10.1.2.3/8": (["10.9.9.9"], ["11.0.0.1"]),
    "192.168.1.0/255": ([], ["192.168.1.1"]),
    "::1": (["[::1]", "[0:0:0:0:0:0:0:1]"], ["[::2]", "127.0.0.1"]),
    "[::1": ([], ["[::1]"]),
    "": ([], ["a.com"]),
    " , ": ([], ["a.com"]),
    ".": ([], ["a.com"]),
    "/": ([], ["a.com"]),
    "://": ([], ["a.com"]),
}  # fmt: skip
# As urllib, httpx, people's habit or only some versions of curl have it.
OURS: Table = {
    "::1/128": (["[::1]"], ["[::2]"]),
    "[::1]": (["[::1]"], ["[::2]"]),
    "fd00::/8": (["[fd12::1]"], ["[fe80::1]"]),
    "[fd00::]/8": (["[fd12::1]"], ["[fe80::1]"]),
    "*.local": (["printer.local", "local"], ["local.com"]),
    "a.com,*": (["b.com"], []),
    "a.com:443": (["a.com", "b.a.com", "a.com:443"], ["a.com:8443"]),
    "a.com:8443": (["a.com:8443"], ["a.com"]),
    "127.0.0.1:8443": (["127.0.0.1:8443"], ["127.0.0.1"]),
    "[::1]:8443": (["[::1]:8443"], ["[::1]"]),
    "a.com:x": ([], ["a.com"]),
    "https://a.com": (["a.com"], ["b.com"]),
    "https://": (["a.com"], []),
    "http://a.com": ([], ["a.com"]),
    "all://a.com": (["a.com"], ["b.com"]),
    "bücher.de": (["bücher.de", "xn--bcher-kva.de"], ["bucher.de"]),
    "xn--bcher-kva.de": (["bücher.de"], ["bucher.de"]),
}


@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("entries", [*ENTRIES, *OURS])
def test_what_an_entry_exempts(monkeypatch: pytest.MonkeyPatch, entries: str, name: str) -> None:
    """Names, their domains, addresses, blocks of them and ports are exempt as written, and nothing else is."""
    for other in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv(name, entries)
    routes = environment_routes()
    direct, proxied = (ENTRIES | OURS)[entries]
    assert [host for host in direct if routes.proxy_for(httpx.URL(HTTPS + host))] == []
    assert [host for host in proxied if not routes.proxy_for(httpx.URL(HTTPS + host))] == []


@pytest.mark.skipif(not shutil.which("curl"), reason="compares with curl, which is not installed")
@pytest.mark.parametrize("entries", ENTRIES)
def test_curl_exempts_the_same(entries: str) -> None:
    """The hosts of the first table are those that the curl of this machine asks directly."""
    with_port = [f"{host}:9" for hosts in ENTRIES[entries] for host in hosts]
    for host in with_port:
        asked = subprocess.run(
            ["curl", "-sv", "--max-time", "5", "--connect-to", "::127.0.0.1:9", HTTP + host],
            env={"ALL_PROXY": "http://127.0.0.2:7", "NO_PROXY": entries},
            capture_output=True,
            text=True,
            check=False,
        )
        direct = "127.0.0.2" not in asked.stderr
        assert direct is (host.removesuffix(":9") in ENTRIES[entries][0]), asked.stderr


@pytest.mark.parametrize("entries", ["127.0.0.0/8", "x 127.0.0.1,", "127.0.0.1:{port}", "[::1],*"])
def test_exempt_hosts_are_asked_directly(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, entries: str
) -> None:
    """A gateway that is exempt is reached past the proxy, and one that is not through it."""
    proxy = surroundings.open("http", also={"127.0.0.1": surroundings.gateway.port})
    monkeypatch.setenv("ALL_PROXY", f"http://{proxy.address}")
    address = f"https://127.0.0.1:{surroundings.gateway.port}"
    monkeypatch.setenv("NO_PROXY", entries.format(port=surroundings.gateway.port))
    colour.hub(address).videos.retrieve("video_1")
    assert proxy.asked == []
    monkeypatch.setenv("NO_PROXY", "::1/128, 127.0.0.1:1")
    colour.hub(address).videos.retrieve("video_1")
    assert proxy.asked == [address.removeprefix("https://")]
