"""What every folder of tests shares: the system's certificates and the wheel, each made once a process."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import httpx
import pytest
from httpx._transports import default

from tests.wheels import ROOT, build

SURROUNDINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(scope="session", autouse=True)
def _one_trust_store() -> Iterator[None]:
    """Read the certificates once for all clients, ours and bare ones: that takes longer than most tests."""
    read = httpx.create_ssl_context

    @cache
    def kept(trust_env: bool, *_surroundings: str | None) -> ssl.SSLContext:
        return read(trust_env=trust_env)

    def create(
        verify: ssl.SSLContext | str | bool = True, cert: None = None, trust_env: bool = True
    ) -> ssl.SSLContext:
        if verify is True and cert is None:
            return kept(trust_env, *(os.environ.get(name) for name in SURROUNDINGS))
        return read(verify, cert, trust_env)

    with pytest.MonkeyPatch.context() as patch:
        for module in (httpx, default):
            patch.setattr(module, "create_ssl_context", create)
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("dist"))
