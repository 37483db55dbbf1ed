"""A process that forks: the child opens connections of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest

from tests.support.answering import tell
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI

BLOCKING = """
from chainhub_video import ChainHub
hub = ChainHub()
def ask(): hub.videos.retrieve("video_1")
"""
ASYNCIO = """
import asyncio
from chainhub_video import AsyncChainHub
hub = AsyncChainHub()
loop = asyncio.new_event_loop()
def ask():
    global loop
    if os.getpid() != parent:
        loop = asyncio.new_event_loop()
    loop.run_until_complete(hub.videos.retrieve("video_1"))
"""
FORK = """
ask()
child = os.fork()
ask()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ask()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("client", [BLOCKING, ASYNCIO], ids=["blocking", "asyncio"])
def test_a_child_shares_no_connection_with_its_parent(gateway: Gateway, client: str) -> None:
    """Parent and child ask at once and after one another; each has a connection, and the parent keeps its own."""
    gateway.on("query", tell(OPENAI.seen()))
    program = "import os\nparent = os.getpid()\n" + textwrap.dedent(client) + FORK
    environment = {**os.environ, "CHAINHUB_BASE_URL": gateway.url, "CHAINHUB_API_KEY": "k"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sorted(arrived.connection for arrived in gateway.arrived) == [1, 1, 1, 2]
