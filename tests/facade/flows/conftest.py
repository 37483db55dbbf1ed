"""What the tests of flows share: one format for each driver, so that each is met once and not each with each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.colours import Colour
from tests.support.downloads import Download
from tests.support.jobs import Job
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire

POSIX_ONLY = ["test_lost_receipts.py"]  # it locks files with a module that Windows lacks
collect_ignore = POSIX_ONLY if os.name == "nt" else []


@pytest.fixture
def wire(colour: Colour) -> Wire:
    """The format that goes with the driver. Where every pair matters, `every_format` asks for each."""
    return UNIFIED if colour.asynchronous else OPENAI


@pytest.fixture
def limit_files() -> Iterator[Callable[[int], None]]:
    """Let no file of this process grow beyond some bytes, until the end of the test."""
    resource = pytest.importorskip("resource")  # which Windows lacks
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def job(hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes) -> Job:
    """A whole job of a client of the scripted gateway."""
    return Job(hub, wire, gateway, target, video)


@pytest.fixture
def download(
    hub: Any, gateway: Gateway, elsewhere: Gateway, target: Path, video: bytes
) -> Download:
    """A download of a client of the scripted gateway."""
    return Download(hub, gateway, elsewhere, target, video)
