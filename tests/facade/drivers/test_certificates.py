"""The environment's certificates: those that work, and an error that names the variable for those that cannot."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from chainhub_video import ConfigurationError
from cryptography import x509
from cryptography.x509 import Name, NameAttribute
from cryptography.x509.name import _ASN1Type

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.surrounded import HOST, Surroundings
from tests.support.wires import OPENAI

NOBODY = 65534


@contextmanager
def _permitted(case: str) -> Iterator[None]:
    """Be somebody else where permissions are the case: root may read and write everything."""
    root = os.geteuid() == 0 and case in ("unreadable", "unwritable")
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def _refused(
    colour: Colour, surroundings: Surroundings, variable: str, reason: str, case: str
) -> None:
    hub = colour.hub(f"https://127.0.0.1:{surroundings.gateway.port}", max_creates=1)
    for queries in (True, False, False):
        with _permitted(case), pytest.raises(ConfigurationError) as raised:
            hub.videos.retrieve("video_1") if queries else OPENAI.create(hub)
        message = str(raised.value)
        assert message.startswith(f"{variable} is {os.environ[variable]!r}"), message
        assert reason in message
        assert message.endswith(", or unset it")
    assert surroundings.gateway.arrived == []


FILES = {
    "missing": "No such file",
    "blank": "No such file",
    "empty": "it holds no certificate in PEM form",
    "text": "it holds no certificate in PEM form",
    "folder": "Is a directory",
    "unreadable": "Permission denied",
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_certificates_that_cannot_be_used(
    colour: Colour,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    case: str,
) -> None:
    """An SSL_CERT_FILE that is missing, unreadable, a folder or without certificates is named; nothing is sent."""
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "unreadable").write_bytes(surroundings.authority.read_bytes())
    (tmp_path / "unreadable").chmod(0)
    monkeypatch.setenv("SSL_CERT_FILE", " " if case == "blank" else str(tmp_path / case))
    _refused(colour, surroundings, "SSL_CERT_FILE", FILES[case], case)


FOLDERS = {
    "missing": "No such file",
    "empty": "openssl rehash",
    "a file": "Not a directory",
    "without hashes": "openssl rehash",
    "unreadable": "Permission denied",
    "two": "No such file",
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_folder_of_certificates_that_cannot_be_used(
    colour: Colour,
    surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    case: str,
) -> None:
    """An SSL_CERT_DIR in which OpenSSL would find nothing, and say nothing, is named before anything is sent."""
    for name in ("empty", "without hashes", "unreadable"):
        (tmp_path / name).mkdir()
    (tmp_path / "a file").touch()
    (tmp_path / "without hashes" / "authority.pem").write_bytes(surroundings.authority.read_bytes())
    (tmp_path / "unreadable").chmod(0)
    value = f"{tmp_path}/empty:{tmp_path}/missing" if case == "two" else str(tmp_path / case)
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", value)
    _refused(colour, surroundings, "SSL_CERT_DIR", FOLDERS[case], case)


def test_a_folder_of_certificates_works(
    colour: Colour, surroundings: Surroundings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSL_CERT_DIR, also as a list, vouches for the gateway; beside an SSL_CERT_FILE that works it is not looked at."""
    pem = surroundings.authority.read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / f"{_hash_of(pem)}.0").write_bytes(pem)
    proxy = surroundings.open("socks5")
    monkeypatch.setenv("ALL_PROXY", f"socks5://{proxy.address}")
    monkeypatch.setenv("SSL_CERT_DIR", "/missing")
    assert OPENAI.create(colour.hub(f"https://{HOST}")).id
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", f"/missing:{tmp_path}/folder")
    assert OPENAI.create(colour.hub(f"https://{HOST}")).id


def _hash_of(pem: bytes) -> str:
    """Return what `openssl rehash` calls a certificate: a digest of its subject in small letters."""
    subject = x509.load_pem_x509_certificate(pem).subject
    small = [
        NameAttribute(one.oid, str(one.value).lower(), _ASN1Type.UTF8String) for one in subject
    ]
    der = Name(small).public_bytes()
    content = der[2:] if der[1] < 0x80 else der[2 + (der[1] & 0x7F) :]
    return hashlib.sha1(content).digest()[3::-1].hex()


@pytest.mark.parametrize("case", ["no folder", "a folder", "unwritable"])
def test_a_log_of_keys_that_cannot_be_written(
    colour: Colour,
    surroundings: Surroundings,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    case: str,
) -> None:
    """Python writes SSLKEYLOGFILE for every TLS context, so it is named where it cannot, and works where it can."""
    (tmp_path / "locked").mkdir(mode=0o555)
    paths = {"no folder": "no/log", "a folder": "locked", "unwritable": "locked/log"}
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / paths[case]))
    monkeypatch.delenv("SSL_CERT_FILE")  # whose folder nobody else may read
    _refused(colour, surroundings, "SSLKEYLOGFILE", "and cannot be written", case)
    gateway.on("query", tell(OPENAI.seen()))
    with _permitted(case), pytest.raises(ConfigurationError, match="SSLKEYLOGFILE"):
        colour.hub(gateway.url).videos.retrieve("video_1")
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "log"))
    monkeypatch.setenv("SSL_CERT_FILE", str(surroundings.authority))
    colour.hub(f"https://127.0.0.1:{surroundings.gateway.port}").videos.retrieve("video_1")
    assert "CLIENT" in (tmp_path / "log").read_text()
