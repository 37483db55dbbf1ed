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
REQUEST = {"prompt": "It eats", "model": "veo_3_1", "images": ["kitten.png"], "size": "1280x720"}
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("generate", {"name": "kitten", **REQUEST}),
    ("wait", {"name": "kitten", "seconds": 60}),
    ("generate", {"name": "kitten", **REQUEST}),
    ("generate", {"name": "another", **REQUEST}),
    ("list", {}),
)


async def show(progress: float, total: float | None, message: str | None) -> None:
    """Print a notification of progress."""
    print(f"    {progress:.0f} of {total:.0f}: {message}")


async def main(command: tuple[str, ...] = COMMAND) -> None:
    """Make one video with a limit of one."""
    with (
        Sandbox(fast=True, pace=0.5, api_key=KEY) as gateway,
        tempfile.TemporaryDirectory() as folder,
    ):
        shutil.copy(KITTEN, folder)
        server = StdioServerParameters(
            command=command[0],
            args=[*command[1:], "--dir", folder, "--max-creates", "1"],
            env={"CHAINHUB_API_KEY": KEY, "CHAINHUB_BASE_URL": gateway.url},
        )
        async with Client(server) as client:
            for tool, arguments in CALLS:
                print(f"> {tool} {arguments}")
                result = await client.call_tool(tool, arguments, progress_callback=show)
                texts = [part.text for part in result.content if isinstance(part, TextContent)]
                print("ERROR " * bool(result.is_error) + "".join(texts))
        print(f"paid: {gateway.paid}")


if __name__ == "__main__":
    asyncio.run(main())
