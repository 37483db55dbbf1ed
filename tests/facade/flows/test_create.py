"""The money rule, live: how many creates arrive, whatever happens to them."""

from __future__ import annotations

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server
from typing import Any

import httpx
import pytest
from chainhub_video import (
    APIError,
    AuthenticationError,
    ChainHubError,
    ConnectionFailed,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    RequestTooLarge,
    SubmissionUncertain,
    Timeouts,
)
from chainhub_video.io import TransportFailure

from tests.support.answering import (
    Answer,
    garbage,
    half_head,
    hang_up,
    page,
    reset,
    say,
    silence,
    tell,
)
from tests.support.colours import Colour
from tests.support.drivers import every_format
from tests.support.scripted import Gateway
from tests.support.untraced import untraced
from tests.support.wires import Wire


@dataclass(frozen=True)
class Row:
    """One thing that can happen to a create.

    Attributes:
        answers: what the gateway does, create by create; the last one for ever.
        creates: how many creates may arrive.
        error: what is raised; None if the create succeeds in the end.
        status: the error's `status_code`.
        options: of the client.
    """

    answers: tuple[Answer, ...]
    creates: int
    error: type[ChainHubError] | None
    status: int | None = None
    options: dict[str, Any] = field(default_factory=dict[str, Any])


def _refusal(status: int, code: str = "some_code") -> Answer:
    return tell({"error": {"message": "no", "type": "t", "code": code}}, status)


def _told(code: int | str) -> Answer:
    """A refusal that comes with HTTP 200."""
    return tell({"code": code, "msg": "no", "data": None, "request_id": "20261128-1"})


CREATED: Answer = tell({"id": "video_1", "status": "queued"})


SHORT: dict[str, Any] = {"timeout": Timeouts(connect=5, read=5, write=5, create=0.15)}


def _uncertain(answer: Answer, status: int | None = None, **options: Any) -> Row:
    return Row((answer,), 1, SubmissionUncertain, status, options)


REFUSED: dict[str, tuple[Answer, type[ChainHubError], int]] = {
    "400": (_refusal(400), APIError, 400),
    "401": (_refusal(401), AuthenticationError, 401),
    "402": (_refusal(402), QuotaExhausted, 402),
    "403": (_refusal(403), PermissionDenied, 403),
    "403 quota": (_refusal(403, "insufficient_user_quota"), QuotaExhausted, 403),
    "404": (_refusal(404), NotFound, 404),
    "404 HTML": (page(404), NotFound, 404),
    "413": (_refusal(413), RequestTooLarge, 413),
    "422": (_refusal(422), APIError, 422),
    "503 model_not_found": (_refusal(503, "model_not_found"), ModelUnavailable, 503),
    "429 with a Retry-After beyond all patience": (tell({}, 429, Retry_After="86400"), RateLimited, 429),
    # in HTTP 200, beyond doubt
    "200 with code 400": (_told(400), APIError, 400),
    "200 with code 401 as text": (_told("401"), AuthenticationError, 401),
    "200 with a quota code": (_told("insufficient_user_quota"), QuotaExhausted, 403),
    "200 with model_not_found": (_told("model_not_found"), ModelUnavailable, 503),
    "200 with fail_to_fetch_task": (_told("fail_to_fetch_task"), APIError, 400),
}  # fmt: skip
ROWS: dict[str, Row] = {
    # turned away: again
    "429, then accepted": Row((say(429), say(429), CREATED), 3, None),
    "429 for ever": Row((say(429),), 4, RateLimited, 429),
    "429 with a short Retry-After": Row((tell({}, 429, Retry_After="0"), CREATED), 2, None),
    "200 with code 429, then accepted": Row((_told(429), CREATED), 2, None),
    # accepted, for all its oddity
    "200 with a list of one": Row((tell([{"id": "video_1"}]),), 1, None),
    "200 with code 400 and a task": Row((tell({"code": 400, "data": {"id": "video_1"}}),), 1, None),
    # refused: never again
    **{name: Row((answer,), 1, kind, status) for name, (answer, kind, status) in REFUSED.items()},
    # anything else: uncertain, never again
    **{str(status): _uncertain(_refusal(status), status) for status in (408, 409, 418, 500, 503)},
    "502 HTML": _uncertain(page(502), 502),
    "503 with Retry-After": _uncertain(tell({}, 503, Retry_After="0"), 503),
    "504 empty": _uncertain(say(504), 504),
    "524, a proxy's own": _uncertain(page(524), 524),
    "302": _uncertain(say(302, headers={"Location": "/v1/elsewhere"}), 302),
    "307": _uncertain(say(307, headers={"Location": "/v1/elsewhere"}), 307),
    "200 HTML": _uncertain(page(200), 200),
    "200 empty": _uncertain(say(200), 200),
    "204": _uncertain(say(204, framed=False), 204),
    "200 without an id": _uncertain(tell({"status": "queued"}), 200),
    "200 with an empty id": _uncertain(tell({"id": " ", "status": "queued"}), 200),
    "200 with true as id": _uncertain(tell({"id": True}), 200),
    "200 with two tasks": _uncertain(tell([{"id": "video_1"}, {"id": "video_2"}]), 200),
    "200 with null": _uncertain(tell(None), 200),
    "200 with code 500": _uncertain(_told(500), 200),
    "200 with code 503": _uncertain(_told(503), 200),
    "200 with code 400 and a task somewhere": _uncertain(
        tell({"code": 400, "data": {"job": {"taskId": "video_1"}}}), 200
    ),
    "200 with code 400 and a state": _uncertain(tell({"code": 400, "data": {"status": "queued"}}), 200),
    "200 with an error in it": _uncertain(tell({"code": "fail", "message": "broken", "data": None}), 200),
    "200 cut JSON": _uncertain(say(200, '{"id": "vid'), 200),
    "200 nested without end": _uncertain(say(200, '{"id":' + "[" * 90_000), 200),
    "200 half a body": _uncertain(say(200, b"x" * 100, sent=50)),
    "200 gzip that is none": _uncertain(say(200, b"plain", {"Content-Encoding": "gzip"})),
    "200 too large": _uncertain(say(200, b" " * 8_100_000 + b"{}")),
    "half the headers": _uncertain(half_head()),
    "not HTTP": _uncertain(garbage()),
    "no answer in time": _uncertain(silence(), **SHORT),
    "closed after the body": _uncertain(hang_up()),
    "closed before the body": _uncertain(hang_up(early=True)),
    "reset after the body": _uncertain(reset()),
    "reset before the body": _uncertain(reset(early=True)),
    # 429 first does not make what follows any safer
    "429, then a reset": Row((say(429), reset()), 2, SubmissionUncertain),
    "429, then 500": Row((say(429), _refusal(500)), 2, SubmissionUncertain, 500),
    "429, then 400": Row((say(429), _refusal(400)), 2, APIError, 400),
}  # fmt: skip


def _outcome(row: Row, hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Check one create: its error or task, and how many creates arrived."""
    gateway.on("create", *row.answers)
    gateway.arrived.clear()
    if row.error is None:
        assert wire.create(hub).id == "video_1"
    else:
        with pytest.raises(row.error) as raised:
            wire.create(hub)
        error = raised.value
        assert type(error) is row.error
        assert getattr(error, "status_code", None) == row.status
        assert not isinstance(error.__cause__, TransportFailure)
        assert "\n" not in str(error)
        if isinstance(error, SubmissionUncertain):
            assert error.status_code is not None or error.body == ""
            for words in ("may have been paid", "not sent again", "usage log"):
                assert words in str(error)
    assert gateway.count("create") == len(gateway.arrived) == row.creates


@every_format
def test_each_outcome_of_a_create(
    colour: Colour, wire: Wire, gateway: Gateway, subtests: pytest.Subtests
) -> None:
    """In both formats and both drivers, exactly as many creates arrive as the money rule allows."""
    for case, row in ROWS.items():
        with subtests.test(case):
            _outcome(row, colour.hub(gateway.url, **row.options), wire, gateway)


@every_format
def test_a_connection_reset_at_once_allows_no_second_create(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """A connection that breaks right after it was made ends the create, unless it broke before it stood."""
    gateway.rude = 5
    with pytest.raises((SubmissionUncertain, ConnectionFailed)) as raised:
        wire.create(colour.hub(gateway.url))
    # The reset may overtake the end of the handshake, and then nothing was sent.
    never_stood = isinstance(raised.value, ConnectionFailed)
    assert isinstance(raised.value.__cause__, httpx.ConnectError) == never_stood
    assert gateway.connections <= 4


@every_format
def test_where_no_connection_is_made_nothing_is_sent(
    colour: Colour, wire: Wire, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection, TLS to a plain port and an unknown host are no uncertain creates."""
    for address in (f"http://127.0.0.1:{_closed_port()}", gateway.url.replace("http:", "https:")):
        with pytest.raises(ConnectionFailed, match="nothing was sent") as raised:
            wire.create(colour.hub(address))
        assert isinstance(raised.value.__cause__, httpx.ConnectError)

    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ConnectionFailed, match="nothing was sent"):
        wire.create(colour.hub("https://no-such-host.invalid"))
    assert gateway.count("create") == 0


def _closed_port() -> int:
    with create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


@every_format
def test_a_gateway_that_comes_up_late_gets_one_create(colour: Colour, wire: Wire) -> None:
    """Connections refused at first, then accepted: the create arrives exactly once."""
    with Gateway() as gateway:
        gateway.on("create", CREATED)
        http = colour.http_client(transport=_late(colour, refusals=2))
        assert wire.create(colour.hub(gateway.url, http_client=http)).id == "video_1"
        assert gateway.count("create") == 1


def _late(colour: Colour, refusals: int) -> Any:
    """Return a real transport whose first connections go to a port where nobody listens."""
    closed = _closed_port()
    left = [refusals]

    def misled(request: httpx.Request) -> httpx.Request:
        if left[0] > 0:
            left[0] -= 1
            request.url = request.url.copy_with(port=closed)
        return request

    class Late(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return await super().handle_async_request(misled(request))

    class LateBlocking(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return super().handle_request(misled(request))

    return Late() if colour.asynchronous else LateBlocking()


@every_format
def test_a_full_pool_of_a_lent_client_proves_nothing(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """If a lent client has no free connection, no event says that nothing was sent; once it has, the create is sent."""
    gateway.on("create", CREATED)
    gateway.on("/busy", say(200, b"x" * 10, sent=5))
    http = colour.http_client(limits=httpx.Limits(max_connections=1))
    busy = http.build_request("GET", f"{gateway.url}/busy")
    occupying = colour.finish(http.send(busy, stream=True))
    hub = colour.hub(gateway.url, http_client=http, timeout=Timeouts(connect=0.03))
    with pytest.raises(SubmissionUncertain, match="PoolTimeout") as raised:
        wire.create(hub)
    assert isinstance(raised.value.__cause__, httpx.PoolTimeout)
    assert gateway.count("create") == 0
    with suppress(httpx.HTTPError):
        colour.finish(occupying.aclose() if colour.asynchronous else occupying.close())
    assert wire.create(hub).id == "video_1"


@every_format
def test_a_lent_transport_without_events_pays_once(
    colour: Colour, wire: Wire, gateway: Gateway, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """A create that was read before the connection dropped is sent once, and its receipt says that it is uncertain."""
    gateway.on("create", hang_up())
    failures = httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError
    for sent, failure in enumerate(failures, 1):
        with subtests.test(failure.__name__):
            lent = colour.http_client(transport=untraced(colour, failure))
            hub = colour.hub(gateway.url, http_client=lent)
            target = tmp_path / f"{sent}.mp4"
            with pytest.raises(SubmissionUncertain, match=failure.__name__):
                wire.generate(hub, save_to=target)
            with pytest.raises(SubmissionUncertain):
                wire.generate(hub, save_to=target)
            assert gateway.count("create") == sent


def test_a_create_has_a_connection_of_its_own(wire: Wire, gateway: Gateway, hub: Any) -> None:
    """Queries share a connection; a create never takes one that may have gone stale, and leaves none behind."""
    gateway.on("create", tell(wire.created()))
    gateway.on("query", tell(wire.seen()))
    task = wire.create(hub)
    for _ in range(3):
        hub.videos.retrieve(task)
    wire.create(hub)
    wire.create(hub)
    creates = [arrived.connection for arrived in gateway.of("create")]
    queries = {arrived.connection for arrived in gateway.of("query")}
    assert len(set(creates)) == 3
    assert len(queries) == 1
    assert not queries & set(creates)


def test_the_cause_of_an_uncertain_create_is_the_librarys(
    colour: Colour, wire: Wire, gateway: Gateway
) -> None:
    """What the HTTP library threw is the cause of the error, for whoever must look closer."""
    gateway.on("create", silence())
    with pytest.raises(SubmissionUncertain) as raised:
        wire.create(colour.hub(gateway.url, **SHORT))
    assert isinstance(raised.value.__cause__, httpx.ReadTimeout)
