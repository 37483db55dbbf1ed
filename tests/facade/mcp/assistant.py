"""An assistant that calls the tools of a server in this process, by the SDK's own client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from chainhub_sandbox import Sandbox
from chainhub_video import AsyncChainHub
from chainhub_video.mcp.folder import Folder
from chainhub_video.mcp.jobs import Jobs
from chainhub_video.mcp.server import server_of
from mcp import Client

from .conftest import KEY


class Assistant:
    """Calls tools, and keeps the notifications of progress."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.progress: list[tuple[float, str | None]] = []

    async def __call__(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return the result of a tool that does not fail."""
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        assert json.loads(result.content[0].text) == result.structured_content
        fields: dict[str, Any] = result.structured_content
        return fields

    async def failing(self, tool: str, **arguments: Any) -> str:
        """Return the words of a tool that fails."""
        result = await self._call(tool, arguments)
        assert result.is_error, result.content
        text: str = result.content[0].text
        return text

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        async def tell(progress: float, total: float | None, message: str | None) -> None:
            assert total == 100
            self.progress.append((progress, message))

        return await self.client.call_tool(tool, arguments, progress_callback=tell)


@asynccontextmanager
async def assistant(
    gateway: Sandbox, folder: Path, max_creates: int = 9, **options: Any
) -> AsyncIterator[Assistant]:
    """Serve a folder to an assistant."""
    async with AsyncChainHub(
        api_key=KEY, base_url=gateway.url, max_creates=max_creates, **options
    ) as hub:
        jobs = Jobs(hub, Folder.at(folder))
        await jobs.go_on()
        async with Client(server_of(jobs)) as client:
            yield Assistant(client)
        await jobs.close()
