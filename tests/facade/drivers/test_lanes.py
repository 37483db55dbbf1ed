"""Each exchange has a connection of its own, which the next one to the same place uses again."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from chainhub_video import AsyncChainHub, ChainHub, ConnectionFailed, ServerError, TaskStatus
from chainhub_video.drivers.environment import Routes
from chainhub_video.drivers.routing import RoutingClient

from tests.facade.drivers.test_turns import Gate
from tests.support.answering import say, tell
from tests.support.scripted import Gateway
from tests.support.videos import MP4
from tests.support.wires import OPENAI

KEPT = 32  # of the connections that are idle


@pytest.fixture
def elsewhere() -> Iterator[Gateway]:
    """A server that videos are linked from."""
    with Gateway() as other:
        yield other


@pytest.mark.parametrize("driver", ["blocking", "asyncio"])
def test_a_crowd_leaves_no_more_connections_than_are_kept(gateway: Gateway, driver: str) -> None:
    """Of forty queries at once, thirty-two connections stay for the next forty; eight are closed, and opened anew."""
    with ExitStack() as gates:

        def held() -> None:
            gate = gates.enter_context(_Closed())
            gateway.on("query", gate.before(tell(OPENAI.seen())))
            threading.Thread(target=gate.open_once, args=(40,)).start()

        if driver == "blocking":
            with (
                ChainHub(base_url=gateway.url, api_key="the-key", max_in_flight=160) as hub,
                ThreadPoolExecutor(40) as pool,
            ):
                for opened in (40, 40 + 40 - KEPT):
                    held()
                    assert len([*pool.map(hub.videos.retrieve, [OPENAI.task()] * 40)]) == 40
                    assert gateway.connections == opened
        else:

            async def scene() -> None:
                async with AsyncChainHub(
                    base_url=gateway.url, api_key="the-key", max_in_flight=160
                ) as hub:
                    for opened in (40, 40 + 40 - KEPT):
                        held()
                        await asyncio.gather(
                            *(hub.videos.retrieve(OPENAI.task()) for _ in range(40))
                        )
                        assert gateway.connections == opened

            asyncio.run(scene())


class _Closed(Gate):
    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


def test_each_place_keeps_its_connection(
    gateway: Gateway, elsewhere: Gateway, video: bytes, tmp_path: object
) -> None:
    """Queries and downloads in turn, from two servers, open one connection to each."""
    gateway.on("query", tell(OPENAI.seen()))
    elsewhere.on("/kitten.mp4", say(200, video, MP4))
    task = OPENAI.task(
        status=TaskStatus.COMPLETED, raw_status="completed", video_url=f"{elsewhere.url}/kitten.mp4"
    )
    with ChainHub(base_url=gateway.url, api_key="the-key") as hub:
        for number in range(3):
            hub.videos.retrieve(OPENAI.task())
            hub.videos.download(task, f"{tmp_path}/{number}.mp4")
    assert (gateway.connections, elsewhere.connections) == (1, 1)


def test_an_exchange_that_broke_leaves_its_lane_usable(gateway: Gateway) -> None:
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
