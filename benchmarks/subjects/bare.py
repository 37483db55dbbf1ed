"""The HTTP library alone, as someone would use it who needs none of the care."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx

from . import FIELDS

_HEADERS = {"Authorization": "Bearer bench"}


def _files(picture: Any) -> dict[str, Any]:
    return {"input_reference": ("picture.png", picture, "image/png")}


class Blocking:
    """`httpx.Client`."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, headers=_HEADERS)

    def create(self, picture: Any) -> Any:
        """Send a create with a picture given as bytes, or as a path to open."""
        if isinstance(picture, Path):
            with picture.open("rb") as file:
                return self.create(file)
        answer = self._client.post("/v1/videos", data=FIELDS, files=_files(picture))
        return answer.raise_for_status().json()

    def query(self) -> Any:
        """Ask for a running task."""
        return self._client.get("/v1/videos/video_1").raise_for_status().json()

    def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes, and sync it."""
        with (
            self._client.stream("GET", f"/v1/videos/video_{size}/content") as answer,
            path.open("wb") as file,
        ):
            for data in answer.raise_for_status().iter_bytes():
                file.write(data)
            file.flush()
            os.fsync(file.fileno())


class Asyncio:
    """`httpx.AsyncClient`."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, headers=_HEADERS)

    async def create(self, picture: Any) -> Any:
        """Send a create with a picture given as bytes, or as a path to open."""
        if isinstance(picture, Path):
            with picture.open("rb") as file:
                return await self.create(file)
        answer = await self._client.post("/v1/videos", data=FIELDS, files=_files(picture))
        return answer.raise_for_status().json()

    async def query(self) -> Any:
        """Ask for a running task."""
        return (await self._client.get("/v1/videos/video_1")).raise_for_status().json()

    async def download(self, size: int, path: Path) -> None:
        """Save a video of so many bytes, and sync it."""
        async with self._client.stream("GET", f"/v1/videos/video_{size}/content") as answer:
            with path.open("wb") as file:
                async for data in answer.raise_for_status().aiter_bytes():
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
