"""One S3 server for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .s3server import S3Server, s3server


@pytest.fixture(scope="session")
def _server() -> Iterator[S3Server]:
    with s3server() as server:
        yield server


@pytest.fixture
def s3(_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A running S3 server with an empty bucket, which the environment leads to."""
    for name, text in _server.environment.items():
        monkeypatch.setenv(name, text)
    _server.empty()
    return _server
