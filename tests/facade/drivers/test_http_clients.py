"""Clients that are lent to ours, of either library and with any transport; and what closing means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import (
    ConfigurationError,
    TaskStatus,
)
from chainhub_video.drivers.http import SendTrace

from tests.support.colours import Colour
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, WIRES, Wire, png

LIBRARIES = {"httpx": httpx, "httpx2": httpx2}


@pytest.fixture(params=list(LIBRARIES))
def library(request: pytest.FixtureRequest) -> Any:
    """Each of the two HTTP libraries whose clients may be lent."""
    return LIBRARIES[request.param]


@pytest.fixture
def wire(library: Any) -> Wire:
    """One wire format for each library."""
    return OPENAI if library is httpx else UNIFIED


def test_a_whole_job_through_a_lent_client(
    colour: Colour, wire: Wire, library: Any, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A client of either library does the whole job, is not closed by ours, and ours can go on with it."""
    lent = colour.http_client(library, timeout=30)
    hub = colour.hub(sandbox.url, api_key="sandbox", http_client=lent, inline_images=True)
    size = (1280, 720) if wire is OPENAI else (1080, 720)
    saved = wire.generate(hub, image=png(size), save_to=tmp_path / "kitten.mp4")
    assert saved.path.read_bytes()[4:8] == b"ftyp"
    hub.close()
    hub.close()
    assert not lent.is_closed
    again = colour.hub(sandbox.url, api_key="sandbox", http_client=lent)
    assert again.videos.retrieve(saved.task).status is TaskStatus.COMPLETED
    colour.finish(lent.aclose() if colour.asynchronous else lent.close())
    with pytest.raises(ConfigurationError, match="http_client you passed has been closed"):
        again.videos.retrieve(saved.task)


def test_every_failure_of_the_other_library_is_known() -> None:
    """Each exception that httpx2 may throw during an exchange is understood as the one of httpx with its name."""
    waiting: list[type[BaseException]] = [httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        failure = SendTrace(own=True).failure(kind.__new__(kind, "text"))  # type: ignore[arg-type]  # none is a BaseException only
        assert failure is not None, kind
        twin = getattr(httpx, kind.__name__, httpx.HTTPError)
        expected = SendTrace(own=True).failure(twin.__new__(twin, "text"))
        assert expected is not None
        assert failure.sent is expected.sent


def test_a_client_of_the_other_colour_is_refused(colour: Colour, library: Any) -> None:
    """A blocking client lent to the asynchronous facade, or the other way round, is told when it is lent."""
    wrong = (library.Client if colour.asynchronous else library.AsyncClient)()
    ours, other = (
        ("AsyncChainHub", "ChainHub") if colour.asynchronous else ("ChainHub", "AsyncChainHub")
    )
    with pytest.raises(ConfigurationError, match=f"which {ours} cannot use: use {other}$"):
        colour.hub("https://example.com", http_client=wrong)
    with pytest.raises(ConfigurationError, match="http_client must be an httpx client"):
        colour.hub("https://example.com", http_client="https://proxy.example.com")
    if colour.asynchronous:
        wrong.close()
    else:
        asyncio.run(wrong.aclose())


Send = Callable[[dict[str, Any]], Awaitable[None]]


async def _asgi(_scope: Any, receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    body = b""
    while (message := await receive()).get("type") == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = json.dumps({"id": f"video_{len(body)}", "status": "queued"}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": answer})


def _wsgi(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"id": f"video_{len(body)}", "status": "queued"}).encode()]


def test_an_application_instead_of_a_network(colour: Colour, library: Any) -> None:
    """A client whose transport is an ASGI or WSGI application works like any other, uploads included."""
    transport = (
        library.ASGITransport(app=_asgi)
        if colour.asynchronous
        else library.WSGITransport(app=_wsgi)
    )
    lent = colour.http_client(library, transport=transport)
    hub = colour.hub("https://gateway.test", http_client=lent)
    for wire in WIRES.values():
        task = wire.create(hub)
        assert int(task.id.removeprefix("video_")) > (len(png()) if wire is OPENAI else 0)
        assert hub.videos.retrieve(task).status is TaskStatus.QUEUED


def test_closing(colour: Colour, gateway: Gateway) -> None:
    """After `close`, or a `with` block, each call says that the client is closed, a lent one's included."""
    for options in ({}, {"http_client": colour.http_client()}):
        hub = colour.hub(gateway.url, **options)
        hub.close()
        hub.close()
        with pytest.raises(ConfigurationError, match="has been closed: make a new one"):
            hub.videos.retrieve("video_1")
    client = colour.hub(gateway.url).client

    async def asynchronously() -> None:
        async with client as entered:
            assert entered is client
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - both colours of one statement
        if colour.asynchronous:
            colour.run(asynchronously)
        with client:
            raise ZeroDivisionError
    with pytest.raises(ConfigurationError, match="closed"):
        colour.finish(client.videos.retrieve("video_1"))
    assert gateway.arrived == []
