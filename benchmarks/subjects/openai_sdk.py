"""The openai SDK, whose `videos` speak one of the two wire formats, used the way its documentation shows."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from . import FIELDS

# Not installed where types are checked.
openai: Any = importlib.import_module("openai")

_OPTIONS: dict[str, Any] = {"api_key": "bench", "max_retries": 0}


def _reference(picture: Any) -> Any:
    return ("picture.png", picture, "image/png") if isinstance(picture, bytes) else picture


class Blocking:
    """`openai.OpenAI`."""

    def __init__(self, url: str) -> None:
        self._videos = openai.OpenAI(base_url=f"{url}/v1", **_OPTIONS).videos

    def create(self, picture: Any) -> Any:
        """Send a create with a picture given as bytes, an open file or a path."""
        return self._videos.create(**FIELDS, input_reference=_reference(picture))

    def query(self) -> Any:
        """Ask for a running task."""
        return self._videos.retrieve("video_1")

    def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes."""
        self._videos.download_content(f"video_{size}").write_to_file(path)


class Asyncio:
    """`openai.AsyncOpenAI`."""

    def __init__(self, url: str) -> None:
        self._videos = openai.AsyncOpenAI(base_url=f"{url}/v1", **_OPTIONS).videos

    async def create(self, picture: Any) -> Any:
        """Send a create with a picture given as bytes, an open file or a path."""
        return await self._videos.create(**FIELDS, input_reference=_reference(picture))

    async def query(self) -> Any:
        """Ask for a running task."""
        return await self._videos.retrieve("video_1")

    async def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes."""
        (await self._videos.download_content(f"video_{size}")).write_to_file(path)
