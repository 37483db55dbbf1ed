"""The openai SDK, both colours, as a client of a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from chainhub_sandbox import Sandbox

from tests.support.colours import Colour, Hub
from tests.support.drivers import colour
from tests.support.places import KITTEN

__all__ = ["colour"]  # a fixture of others

FORM: dict[str, Any] = {
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


Sdk = Callable[..., Hub]
"""Makes a client of the SDK, given an address and its options; its calls block in both colours."""


def create(client: Hub, **changes: Any) -> Any:
    """Send a create that is in order but for the changes; None leaves a field out."""
    request = {**FORM, "input_reference": KITTEN, **changes}
    return client.videos.create(**{name: value for name, value in request.items() if value})


@pytest.fixture
def sdk(colour: Colour) -> Iterator[Sdk]:
    """The SDK in one colour, told the address and the key as by a user; it wants the /v1 in the address."""
    with ExitStack() as closing:

        def client(url: str, api_key: str = "sandbox", **options: Any) -> Hub:
            import openai  # takes most of a second, which every process of the suite would pay while collecting

            kind: Any = openai.AsyncOpenAI if colour.asynchronous else openai.OpenAI
            made = Hub(kind(base_url=f"{url}/v1", api_key=api_key, **options), colour)
            closing.callback(made.close)
            return made

        yield client


@pytest.fixture
def gateway() -> Iterator[Sandbox]:
    """A sandbox with small clips and hurried tasks."""
    with Sandbox(fast=True) as gateway:
        yield gateway
