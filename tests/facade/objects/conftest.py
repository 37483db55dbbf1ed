"""One S3 server for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .s3server import S3Server


@pytest.fixture(scope="session")
def _server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def s3(_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """A running S3 server with an empty bucket, which the environment leads to."""
    for name, text in {
        "AWS_ENDPOINT_URL": _server.url,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, text)
    _server.empty()
    return _server
