"""What an assistant says to `chainhub-video mcp`, and what it is told: the MCP SDK's client plays the assistant.

The sandbox plays the gateway, on this machine: no key, no network, no money. docs/mcp.md shows what this prints.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from chainhub_sandbox import Sandbox
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

KITTEN = Path(__file__).with_name("kitten.png")
COMMAND = (str(Path(sys.executable).with_name("chainhub-video")), "mcp")
KEY = "sk-of-the-sandbox"
REQUEST = {"prompt": "Eat", "model": "veo_3_1", "images": ["kitten.png"], "size": "1280x720"}


async def show_progress(progress: float, total: float | None, message: str | None) -> None:
    """Print a notification of progress."""
    print(f"    {progress:.0f} of {total:.0f}: {message}", flush=True)


async def call(client: Client, tool: str, **arguments: Any) -> None:
    """Call a tool, and print what an assistant reads."""
    words = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    print(f"> {tool}({words})", flush=True)
    result = await client.call_tool(tool, arguments, progress_callback=show_progress)
    for part in result.content:
        if isinstance(part, TextContent):
            print(f"{'ERROR ' if result.is_error else ''}{part.text}", flush=True)


async def main(command: tuple[str, ...] = COMMAND) -> None:
    """Make one video with a limit of one."""
    with (
        Sandbox(fast=True, pace=0.2, api_key=KEY) as gateway,
        tempfile.TemporaryDirectory() as folder,
    ):
        shutil.copy(KITTEN, folder)
        server = StdioServerParameters(
            command=command[0],
            args=[*command[1:], "--dir", folder, "--max-creates", "1"],
            env={"CHAINHUB_API_KEY": KEY, "CHAINHUB_BASE_URL": gateway.url},
        )
        async with Client(server) as client:
            await call(client, "generate", name="kitten", **REQUEST)
            await call(client, "wait", name="kitten", seconds=60)
            await call(client, "generate", name="kitten", **REQUEST)
            await call(client, "generate", name="another", **REQUEST)
            await call(client, "list")
        print(f"paid: {gateway.paid}")


if __name__ == "__main__":
    asyncio.run(main())
