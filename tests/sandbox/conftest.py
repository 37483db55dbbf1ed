"""Running sandboxes, and bare HTTP clients for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chainhub_sandbox import Sandbox

from tests.support.sandbox_caller import Caller

from .targets import Target


@pytest.fixture(scope="session")
def caller() -> Iterator[Caller]:
    """A client of a sandbox with small clips and hurried tasks."""
    with Sandbox(fast=True, pace=0.01) as gateway, Caller(gateway) as caller:
        yield caller


@pytest.fixture(scope="session")
def full_caller() -> Iterator[Caller]:
    """A client of a sandbox with clips of the full size."""
    with Sandbox(pace=0.01) as gateway, Caller(gateway) as caller:
        yield caller


@pytest.fixture
def fresh_caller() -> Iterator[Caller]:
    """A client of a sandbox that nobody has talked to."""
    with Sandbox(fast=True, pace=0.01) as gateway, Caller(gateway) as caller:
        yield caller


@pytest.fixture(scope="module")
def _target() -> Iterator[Target]:
    with Sandbox(fast=True, pace=0) as gateway, Caller(gateway) as caller:
        openai, unified = caller.create_openai(seconds="1"), caller.create_unified()
        clips = {"content": caller.video(openai), "link": caller.video(unified)}
        yield Target(gateway, openai.json()["id"], unified.json()["id"], clips, caller)


@pytest.fixture
def target(_target: Target) -> Iterator[Target]:
    """The sandbox; no fault outlives its test."""
    yield _target
    _target.gateway.clear_faults()
