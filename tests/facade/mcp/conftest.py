"""A sandbox with a key that must never be seen, and folders of an assistant's videos."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

KEY = "sk-never-to-be-seen-0123456789"
REQUEST: dict[str, Any] = {
    "prompt": "A kitten is eating fish",
    "model": "veo_3_1",
    "images": ["kitten.png"],
    "size": "1280x720",
}


@pytest.fixture
def anyio_backend() -> str:
    """Run tests that are coroutines on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    """One gateway for all tests of this folder."""
    with Sandbox(fast=True, pace=0.05, api_key=KEY) as gateway:
        yield gateway


@pytest.fixture
def gateway(running: Sandbox) -> Iterator[Sandbox]:
    """The gateway, with nothing wrong with it."""
    yield running
    running.clear_faults()
    running.release()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An assistant's folder, with a picture in it."""
    made = tmp_path / "videos"
    made.mkdir()
    shutil.copy(KITTEN, made)
    return made
