"""One S3 server for all tests, both drivers, and scripted gateways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.facade.conftest import (
    content,
    elsewhere,
    gateway,
    hub,
    linked,
    other_video,
    video,
)
from tests.support.drivers import colour, wire

from .s3server import S3Server

__all__ = ["colour", "content", "elsewhere", "gateway", "hub", "linked", "other_video", "video", "wire"]  # fmt: skip


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
