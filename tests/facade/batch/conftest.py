"""A gateway for batches, and clients of both colours that look often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import BatchReport

from tests.support.colours import Colour
from tests.support.drivers import colour

__all__ = ["colour"]  # a fixture of others

Run = Callable[..., BatchReport]


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """One sandbox for the folder, since a new one takes time."""
    with Sandbox(fast=True, pace=0.005) as sandbox:
        yield sandbox


@pytest.fixture
def gateway(running_sandbox: Sandbox) -> Iterator[Sandbox]:
    """The running sandbox, without faults."""
    yield running_sandbox
    running_sandbox.clear_faults()


def _run_of(colour: Colour, gateway: Sandbox, folder: Path) -> Run:
    def run(rows: Any, *, hub: dict[str, Any] | None = None, **options: Any) -> BatchReport:
        made = {"api_key": "sandbox", "base_url": gateway.url, **(hub or {})}
        client = colour.hub(made.pop("base_url"), **made).client
        out = options.pop("out", folder / "out")
        report: BatchReport = colour.finish(client.batch.run(rows, out, **options))
        return report

    return run


@pytest.fixture
def run(gateway: Sandbox, tmp_path: Path) -> Iterator[Run]:
    """Run a batch with the blocking client into the folder `out`; `hub` are options of the client."""
    with ExitStack() as closing:
        yield _run_of(Colour("blocking", closing), gateway, tmp_path)


@pytest.fixture
def run_both(colour: Colour, gateway: Sandbox, tmp_path: Path) -> Run:
    """The same with a client of each colour."""
    return _run_of(colour, gateway, tmp_path)


def kittens(count: int, **more: Any) -> list[dict[str, Any]]:
    """Return rows that differ, and show one clip."""
    return [
        {
            "prompt": "a kitten", "model": "grok-video-3", "aspect_ratio": "1:1",
            "name": f"kitten-{number}", "extra": {"number": number}, **more,
        }
        for number in range(1, count + 1)
    ]  # fmt: skip


def creates(gateway: Sandbox) -> int:
    """Return how many creates have arrived, paid or not."""
    return sum(request.step == "create" for request in gateway.requests)
