"""What the environment's variables of proxies and certificates mean, and an error that names one that means nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TypeAlias

import httpx
import pytest
from chainhub_video import ConfigurationError
from chainhub_video.drivers.environment import environment_routes
from cryptography import x509
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.name import _ASN1Type

from tests.support.colours import Colour
from tests.support.drivers import BLOCKING
from tests.support.surrounded import Surroundings
from tests.support.wires import OPENAI

SECRET = "s3cret"

# A value that cannot be a proxy, and words of the error.
BROKEN: list[tuple[str, str]] = [
    ("socks4://x:1080", "'socks4://x:1080': a proxy's address starts with"),
    ("ftp://u:s3cret@x", r"'ftp://\*\*\*@x': a proxy's address starts with"),
    ("://x:1", "'://x:1': a proxy's address starts with"),
    ("http://a b:80", "'http://a b:80', which is not the address of a proxy"),
    ("http://x:s3cret@h:abc", "h:abc', which is not"),
    ("http://x:65536", "x:65536', which is not"),
    ("http://x:0", "x:0', which is not"),
    ("socks5://x:-1", "x:-1', which is not"),
    ("http://:8080", "http://:8080', which is not"),
    ("http://", "'http://', which is not"),
    ("http://u:s3/s3cret@h:1", r"'http://\*\*\*@h:1', which is not"),
    ("http://u:s3cret://@h:1", r"'http://\*\*\*@h:1', which is not"),
    ("http://u:x:y", "u:x:y', which is not"),
    ("http://u:s3cret%40h:1x", r"'http://\*\*\*@h:1x', which is not"),
    ("http://[::1", r"\[::1', which is not"),
    ("http://::1:8080", "::1:8080', which is not"),
    ("http://h\x01:1", "which is not"),
    ("http://h\udcff:1", "which is not"),
    ("http://ab_*:1", "which is not"),
    (f"socks5://{'u' * 256}:s3cret@h:1", "at most 255 bytes"),
    (f"socks5://u:{'s3cret' * 43}@h:1", "at most 255 bytes"),
]


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_one(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """The error names the variable as it is spelled, its value without credentials, and the next step."""
    for value, expected in BROKEN:
        monkeypatch.setenv(variable, value)
        proxy = environment_routes().proxy_for(httpx.URL("https://gateway.invalid"))
        assert proxy is not None
        with pytest.raises(ConfigurationError, match=expected) as raised:
            proxy.url()
        message = str(raised.value)
        assert message.startswith(f"{variable} is '")
        assert f"correct {variable}, unset it, or name the host in NO_PROXY" in message
        assert SECRET not in f"{message} {proxy!r}", value


def test_socks_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A SOCKS proxy without the package for it is told with what installs it."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"socks5://user:{SECRET}@127.0.0.1:1080")
    told = (
        r"^ALL_PROXY is 'socks5://\*\*\*@127.0.0.1:1080', and SOCKS proxies need one more package: "
        r'pip install "chainhub-video\[socks\]"; or correct ALL_PROXY'
    )
    proxy = environment_routes().proxy_for(httpx.URL("https://gateway.invalid"))
    assert proxy is not None
    with pytest.raises(ConfigurationError, match=told):
        proxy.url()


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


def test_what_an_entry_of_no_proxy_exempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, their domains, addresses, blocks of them and ports are exempt as written, and nothing else is."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        for entries, (direct, proxied) in (ENTRIES | OURS).items():
            monkeypatch.setenv(name, entries)
            routes = environment_routes()
            for hosts, exempt in ((direct, True), (proxied, False)):
                for host in hosts:
                    found = routes.proxy_for(httpx.URL(f"https://{host}"))
                    assert (found is None) is exempt, (entries, host)
        monkeypatch.delenv(name)


@pytest.mark.skipif(not shutil.which("curl"), reason="compares with curl, which is not installed")
def test_curl_exempts_the_same() -> None:
    """The hosts of the first table are those that the curl of this machine asks directly."""
    for entries, (direct, proxied) in ENTRIES.items():
        for host in (*direct, *proxied):
            asked = subprocess.run(
                [
                    "curl",
                    "-sv",
                    "--max-time",
                    "5",
                    "--connect-to",
                    "::127.0.0.1:9",
                    f"http://{host}:9",
                ],
                env={"ALL_PROXY": "http://127.0.0.2:7", "NO_PROXY": entries},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ("127.0.0.2" not in asked.stderr) is (host in direct), (entries, asked.stderr)


# A variable, its value, and the reason for which it is refused.
UNUSABLE = [
    ("SSL_CERT_FILE", "{folder}/missing", "No such file"),
    ("SSL_CERT_FILE", " ", "No such file"),
    ("SSL_CERT_FILE", "{folder}/empty", "it holds no certificate in PEM form"),
    ("SSL_CERT_FILE", "{folder}/text", "it holds no certificate in PEM form"),
    ("SSL_CERT_FILE", "{folder}/folder", "Is a directory"),
    ("SSL_CERT_DIR", "{folder}/missing", "No such file"),
    ("SSL_CERT_DIR", f"{{folder}}/folder{os.pathsep}{{folder}}/missing", "No such file"),
    ("SSL_CERT_DIR", "{folder}/folder", "openssl rehash"),
    ("SSL_CERT_DIR", "{folder}/empty", "Not a directory"),
    ("SSL_CERT_DIR", "{folder}/without hashes", "openssl rehash"),
    ("SSLKEYLOGFILE", "{folder}/no/log", "and cannot be written"),
    ("SSLKEYLOGFILE", "{folder}/folder", "and cannot be written"),
]


def test_certificates_that_cannot_be_used(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The variable of files, or of a log of keys, is named before anything is sent, and no create is counted."""
    for name in ("folder", "without hashes"):
        (tmp_path / name).mkdir()
    (tmp_path / "without hashes" / "authority.pem").write_bytes(surroundings.authority.read_bytes())
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    monkeypatch.delenv("SSL_CERT_FILE")
    for variable, name, reason in UNUSABLE:
        value = name.format(folder=tmp_path)
        with monkeypatch.context() as patch:
            patch.setenv(variable, value)
            hub = colour.hub(f"https://127.0.0.1:{surroundings.gateway.port}", max_creates=1)
            for queries in (True, False, False):
                with pytest.raises(ConfigurationError) as raised:
                    hub.videos.retrieve("video_1") if queries else OPENAI.create(hub)
                message = str(raised.value)
                assert message.startswith(f"{variable} is {value!r}"), message
                assert reason in message
                assert message.endswith(", or unset it")
    assert surroundings.gateway.arrived == []


@BLOCKING
def test_certificates_that_are_used(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_DIR, also as a list, is looked at unless there is an SSL_CERT_FILE; a log of keys is written."""
    url = f"https://127.0.0.1:{surroundings.gateway.port}"
    pem = surroundings.authority.read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / f"{_hash_of(pem)}.0").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_DIR", "/missing")
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "log"))
    assert OPENAI.create(colour.hub(url)).id
    assert "CLIENT" in (tmp_path / "log").read_text()
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", f"/missing{os.pathsep}{tmp_path}/folder")
    assert OPENAI.create(colour.hub(url)).id


def _hash_of(pem: bytes) -> str:
    """Return what `openssl rehash` calls a certificate: a digest of its subject in small letters."""
    subject = x509.load_pem_x509_certificate(pem).subject
    small = [
        NameAttribute(one.oid, str(one.value).lower(), _ASN1Type.UTF8String) for one in subject
    ]
    der = Name(small).public_bytes()
    content = der[2:] if der[1] < 0x80 else der[2 + (der[1] & 0x7F) :]
    return hashlib.sha1(content).digest()[3::-1].hex()
