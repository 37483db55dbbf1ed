"""ChainHub Video."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from chainhub_video import AsyncChainHub, ChainHub, TaskStatus, VideoTask

from . import FIELDS


def _finished(size: int) -> VideoTask:
    return VideoTask(id=f"video_{size}", format="openai", status=TaskStatus.COMPLETED)


class Blocking:
    """`ChainHub`."""

    def __init__(self, url: str) -> None:
        self._hub = ChainHub(api_key="bench", base_url=url)

    def create(self, picture: Any) -> VideoTask:
        """Send a create with a picture of any kind."""
        return self._hub.videos.create(**FIELDS, image=picture)

    def query(self) -> VideoTask:
        """Ask for a running task."""
        return self._hub.videos.retrieve("video_1")

    def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes."""
        self._hub.videos.download(_finished(size), path)


class Asyncio:
    """`AsyncChainHub`."""

    def __init__(self, url: str) -> None:
        self._hub = AsyncChainHub(api_key="bench", base_url=url)

    def create(self, picture: Any) -> Awaitable[VideoTask]:
        """Send a create with a picture of any kind."""
        return self._hub.videos.create(**FIELDS, image=picture)

    def query(self) -> Awaitable[VideoTask]:
        """Ask for a running task."""
        return self._hub.videos.retrieve("video_1")

    async def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes."""
        await self._hub.videos.download(_finished(size), path)
