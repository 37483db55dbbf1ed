"""The openai SDK, both colours, as a client of a sandbox."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

FORM = {
    "model": "veo_3_1",
    "prompt": "The kitten is eating fish",
    "seconds": "2",
    "size": "1280x720",
}
"""All that the document requires of a create in the OpenAI format, but for the picture."""

UNIFIED = {
    "model": "grok-video-3",
    "prompt": "The kitten is eating fish",
    "aspect_ratio": "3:2",
    "size": "720P",
    "images": [],
}
"""All that it requires in the unified format."""


class Sdk:
    """The SDK's blocking or asyncio client, its calls looking blocking.

    Args:
        colour: `blocking` or `asyncio`.
        closing: ends it.
    """

    def __init__(self, colour: str, closing: ExitStack) -> None:
        self.colour = colour
        self._closing = closing
        self._runner = closing.enter_context(asyncio.Runner()) if colour == "asyncio" else None

    def client(self, url: str, api_key: str = "sandbox", **options: Any) -> Any:
        """A client that is told the address and the key, as a user would; the SDK wants the /v1 in it."""
        import openai  # takes most of a second, which every process of the suite would pay while collecting

        kind = openai.AsyncOpenAI if self._runner else openai.OpenAI
        client = kind(base_url=f"{url}/v1", api_key=api_key, **options)
        self._closing.callback(lambda: self.finish(client.close()))
        return client

    def finish(self, result: Any) -> Any:
        """Bring what a call returned to its end."""
        if self._runner is not None and inspect.isawaitable(result):
            return self._runner.run(_awaited(result))
        return result

    def create(self, client: Any, **changes: Any) -> Any:
        """A create that is in order but for the changes; None leaves a field out."""
        request = {**FORM, "input_reference": KITTEN, **changes}
        given = {name: value for name, value in request.items() if value is not None}
        return self.finish(client.videos.create(**given))


async def _awaited(result: Any) -> Any:
    return await result


@pytest.fixture(params=["blocking", "asyncio"])
def sdk(request: pytest.FixtureRequest) -> Iterator[Sdk]:
    """The SDK in one colour."""
    with ExitStack() as closing:
        yield Sdk(request.param, closing)


@pytest.fixture
def gateway() -> Iterator[Sandbox]:
    """A sandbox with small clips and hurried tasks."""
    with Sandbox(fast=True) as gateway:
        yield gateway
