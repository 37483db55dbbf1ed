"""Each exchange has a connection of its own, which the next one to the same place uses again."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from chainhub_video import ChainHub, ConnectionFailed, ServerError
from chainhub_video.drivers.environment import Routes
from chainhub_video.drivers.routing import RoutingClient

from tests.support.answering import say, tell
from tests.support.colours import Colour
from tests.support.crowds import ask_at_once, closed_gate
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, completed
from tests.support.wires import OPENAI

KEPT = 32  # of the connections that are idle


def test_a_crowd_leaves_no_more_connections_than_are_kept(colour: Colour, gateway: Gateway) -> None:
    """Of forty queries at once, thirty-two connections stay for the next forty; eight are closed, and opened anew."""
    hub = colour.hub(gateway.url, max_in_flight=160)
    for opened in (40, 40 + 40 - KEPT):
        with closed_gate(opens_at=40) as gate:
            gateway.on("query", gate.before(tell(OPENAI.seen())))
            ask_at_once(hub, 40)
        assert gateway.connections == opened


def test_each_place_keeps_its_connection(
    gateway: Gateway, elsewhere: Gateway, video: bytes, tmp_path: Path
) -> None:
    """Queries and downloads in turn, from two servers, open one connection to each."""
    gateway.on("query", tell(OPENAI.seen()))
    elsewhere.on(LINK, say(200, video, MP4))
    task = completed(OPENAI, f"{elsewhere.url}{LINK}")
    with ChainHub(base_url=gateway.url, api_key="the-key") as hub:
        for number in range(3):
            hub.videos.retrieve(OPENAI.task())
            hub.videos.download(task, tmp_path / f"{number}.mp4")
    assert (gateway.connections, elsewhere.connections) == (1, 1)


def test_an_exchange_that_broke_keeps_nobody_from_the_next(gateway: Gateway) -> None:
    """After an answer that closes its connection, and one that is reset, the next query opens another."""
    query = OPENAI.task()
    with ChainHub(base_url=gateway.url, api_key="the-key") as hub:
        gateway.on("query", say(500, b"", {"Connection": "close"}), tell(OPENAI.seen()))
        with pytest.raises(ServerError):
            hub.videos.retrieve(query)
        gateway.rude = 1
        with pytest.raises(ConnectionFailed):
            hub.videos.retrieve(query)
        for _ in range(2):
            assert hub.videos.retrieve(query).raw_status
    assert gateway.connections == 3


def test_a_connection_that_is_made_after_the_end_is_closed(gateway: Gateway) -> None:
    """An exchange that outlives its client gets its answer, and leaves no connection."""
    gateway.on("query", tell(OPENAI.seen()))
    client = RoutingClient(Routes(), ssl.create_default_context(), keep=True)
    lane = client._lanes.take(httpx.URL(gateway.url))
    client.close()
    answer = lane.transport.handle_request(httpx.Request("GET", f"{gateway.url}/v1/videos/x"))
    answer.read()
    answer.close()
    (pooled,) = lane.transport._pool.connections
    assert pooled.is_idle()
    client._end(lane)
    assert pooled.is_closed()


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
