"""A process that forks: the child opens connections of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.answering import tell
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI

PROGRAM = """
import asyncio, os
from chainhub_video import AsyncChainHub, ChainHub

def forks(ask):
    ask()
    child = os.fork()
    ask()
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ask()

hub = ChainHub()
forks(lambda: hub.videos.retrieve("video_1"))

parent, hub = os.getpid(), AsyncChainHub()
loop = asyncio.new_event_loop()
def ask():
    on = loop if os.getpid() == parent else asyncio.new_event_loop()
    on.run_until_complete(hub.videos.retrieve("video_1"))
forks(ask)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_shares_no_connection_with_its_parent(gateway: Gateway) -> None:
    """Parent and child ask at once and after one another; each has a connection, and the parent keeps its own."""
    gateway.on("query", tell(OPENAI.seen()))
    environment = {**os.environ, "CHAINHUB_BASE_URL": gateway.url, "CHAINHUB_API_KEY": "k"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert sorted(arrived.connection for arrived in gateway.arrived) == [1, 1, 1, 2, 3, 3, 3, 4]
