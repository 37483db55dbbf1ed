"""Serve the tools over standard input and output, until the client has gone or a signal comes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from chainhub_video._version import __version__
from chainhub_video.client import AsyncChainHub
from chainhub_video.mcp.folder import Folder
from chainhub_video.mcp.jobs import Jobs
from chainhub_video.mcp.tools import Tools
from chainhub_video.text import redacted

_LEFT_OPEN = 1.0  # seconds after the end for the last answers to be read
_INSTRUCTIONS = """\
Makes videos through ChainHub's video API. Every new video costs the user money; this server may pay for {limit}.
generate starts one and returns; wait follows it to its end, which takes one to ten minutes. The same generate again
never pays again. If something is called uncertain, do not try again: tell the user."""


async def serve(folder: str | os.PathLike[str], max_creates: int, **options: Any) -> None:
    """Serve the tools until standard input ends, or SIGINT or SIGTERM comes, which end the process.

    Args:
        folder: where the videos and their receipts are kept; no tool leads out of it.
        max_creates: how many creates may be paid for in the life of the server; 0 for none.
        **options: further arguments of `AsyncChainHub`.

    Raises:
        ConfigurationError: there is no key, or the address must not be used.
        InvalidRequest: the folder cannot be used.
    """
    place = Folder.at(folder)
    async with AsyncChainHub(max_creates=max_creates, **options) as hub:
        _log_without(hub.raw.token)
        jobs = Jobs(hub, place)
        _end_on_signals(jobs)
        try:
            await _run(server_of(jobs), jobs)
        except* (BrokenPipeError, ConnectionResetError):  # the client has gone without a word
            pass


async def _run(server: Server[Any], jobs: Jobs) -> None:
    async with stdio_server() as (incoming, outgoing):
        going_on = asyncio.create_task(jobs.go_on())  # a full folder takes a while to read
        try:
            await server.run(incoming, outgoing, server.create_initialization_options())
        finally:
            with anyio.CancelScope(shield=True):
                going_on.cancel()
                await jobs.close()
            # The receipts are true now: a client that reads no more answers must not hold the process.
            asyncio.get_running_loop().call_later(_LEFT_OPEN, os._exit, 0)


def server_of(jobs: Jobs) -> Server[Any]:
    """Return the protocol's server of some jobs, without a transport."""
    tools = Tools(jobs)
    return Server(
        "chainhub-video",
        title="ChainHub Video",
        version=__version__,
        instructions=_INSTRUCTIONS.format(limit=jobs.hub.creates_left),
        on_list_tools=tools.list,
        on_call_tool=tools.call,
    )


def _end_on_signals(jobs: Jobs) -> None:
    loop = asyncio.get_running_loop()
    ending: set[asyncio.Task[None]] = set()  # the loop alone would let go of it

    async def close_and_exit(number: int) -> None:
        await jobs.close()
        os._exit(128 + number)  # a thread that waits for standard input cannot be ended otherwise

    def end(number: int) -> None:
        ending.add(loop.create_task(close_and_exit(number)))

    if sys.platform == "win32":
        return  # its loops take no signals: Python's own SIGINT ends the process, as the end of the input does
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end, number)


def _log_without(key: str) -> None:
    """Log warnings to standard error, without the key, whoever logs them."""

    class Formatter(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return redacted(super().format(record), key)

    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("chainhub-video: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
