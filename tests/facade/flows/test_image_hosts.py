"""`image_host=`: the caller's own function that puts a picture somewhere."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import IO

import pytest
from chainhub_video import AsyncChainHub
from chainhub_video.images.pictures import open_picture

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.ticking import Ticker
from tests.support.wires import UNIFIED, png


def test_a_blocking_image_host_does_not_hold_up_the_loop(gateway: Gateway) -> None:
    """A plain function that uploads until the loop has come round runs beside it, not on it."""
    gateway.on("create", tell(UNIFIED.created()))
    ticker = Ticker()

    def host(_: str, stream: IO[bytes]) -> str:
        ticker.block()
        return f"https://example.com/{len(stream.read())}"

    async def create() -> None:
        async with (
            AsyncChainHub(base_url=gateway.url, api_key="the-key", image_host=host) as hub,
            ticker,
        ):
            await UNIFIED.create(hub, image=png())  # type: ignore[misc]  # the asynchronous one

    asyncio.run(create())
    assert ticker.awaited == 1
    assert gateway.arrived[0].json["images"] == [f"https://example.com/{len(png())}"]


def test_what_an_image_host_raises_comes_out(
    colour: Colour, gateway: Gateway, tmp_path: Path
) -> None:
    """The host's own exception is not dressed up, nothing is sent, and the picture's file is closed."""
    given: list[IO[bytes]] = []
    path = tmp_path / "kitten.png"
    path.write_bytes(png())

    def host(_: str, stream: IO[bytes]) -> str:
        given.append(stream)
        raise PermissionError("the bucket is locked")

    with pytest.raises(PermissionError, match="the bucket is locked"):
        UNIFIED.create(colour.hub(gateway.url, image_host=host), image=path)
    assert given[0].closed
    assert gateway.arrived == []


def test_an_image_host_may_close_what_it_was_given(colour: Colour, gateway: Gateway) -> None:
    """A host that closes the stream, as many upload functions do, closes neither the caller's file nor the deal."""
    gateway.on("create", tell(UNIFIED.created()))
    file = io.BytesIO(png())

    def host(name: str, stream: IO[bytes]) -> str:
        with stream:
            stream.read()
        return f" https://example.com/{name} "

    UNIFIED.create(colour.hub(gateway.url, image_host=host), image=file)
    assert not file.closed
    assert gateway.arrived[0].json["images"][0].strip() == "https://example.com/image.png"


def test_links_and_data_uris_need_no_host(colour: Colour, gateway: Gateway) -> None:
    """What is a link or a data URI already travels as it is, even where neither way out was chosen."""
    gateway.on("create", tell(UNIFIED.created()))
    inline = open_picture(png()).data_uri()
    UNIFIED.create(colour.hub(gateway.url), images=[inline])
    assert gateway.arrived[0].json["images"] == ["https://example.com/kitten.png", inline]
