"""The money rule as a table: what follows from each outcome of a create."""

from __future__ import annotations

import ssl

import httpcore
import httpx
import pytest
from chainhub_video.drivers.http import SendTrace
from chainhub_video.flows.decision import Decision, decide
from chainhub_video.io import Reply, TransportFailure

REFUSALS = {400, 401, 402, 403, 404, 413, 422}


BODIES = {
    "empty": b"",
    "HTML": b"<html><title>Oops</title></html>",
    "shape 1": b'{"error": {"message": "no", "type": "x", "code": "other"}}',
    "shape 2": b'{"code": "other", "message": "no", "data": null}',
    "model_not_found 1": b'{"error": {"message": "no", "code": "model_not_found"}}',
    "model_not_found 2": b'{"code": "model_not_found", "message": "no"}',
    "a text that names it": b'{"error": {"message": "model_not_found"}}',
    "an id": b'{"id": "video_1", "status": "queued"}',
    "a list": b"[1]",
    "a bomb": b"[" * 100_000,
}


def _expected(status: int, body: str) -> Decision:
    if 200 <= status < 300:
        return Decision.ACCEPTED
    if status == 429:
        return Decision.AGAIN
    if status in REFUSALS or (status == 503 and body.startswith("model_not_found")):
        return Decision.REFUSED
    return Decision.UNCERTAIN


def test_every_status_has_its_decision() -> None:
    """Of all statuses, only the named ones count as refusals, only 429 as "again", whatever the body says."""
    for name, body in BODIES.items():
        for status in range(100, 600):
            assert decide(Reply(status, {}, body)) is _expected(status, name), (status, name)


NEVER_SENT = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}


def _transport_failures() -> list[Exception]:
    """Return one of each class of exceptions that the HTTP library may throw during an exchange."""
    found: list[type[Exception]] = [httpx.InvalidURL, httpx.CookieConflict]
    waiting: list[type[Exception]] = [httpx.HTTPError, httpx.StreamError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return [kind.__new__(kind, "text") for kind in found]


def test_every_transport_failure_has_its_decision() -> None:
    """Only our own transport's failures to get a connection allow another create; every other one forbids it."""
    assert len(_transport_failures()) > 20
    for error in _transport_failures():
        failure = SendTrace(own=True).failure(error)
        assert failure is not None
        assert failure.sent is (type(error) not in NEVER_SENT), error
        decided = Decision.UNCERTAIN if failure.sent else Decision.AGAIN
        assert decide(failure) is decided, error


@pytest.mark.parametrize(
    ("own", "errors"),
    [
        (False, _transport_failures()),
        (True, [ConnectionResetError(), BrokenPipeError(), ssl.SSLError(), OSError()]),
    ],
    ids=["lent transport", "bare system error"],
)
def test_a_failure_that_proves_nothing_is_uncertain(own: bool, errors: list[Exception]) -> None:
    """A lent client's failure without events counts as sent, whatever its name, and so does the system's own error."""
    for error in errors:
        failure = SendTrace(own=own).failure(error)
        assert failure is not None
        assert decide(failure) is Decision.UNCERTAIN, error


def test_a_mistake_of_the_program_is_no_transport_failure() -> None:
    """What is not about the exchange is not swallowed as if it were."""
    for error in (KeyError("x"), TypeError("x"), RuntimeError("x")):
        assert SendTrace(own=True).failure(error) is None


def test_the_table_knows_the_librarys_connection_errors() -> None:
    """Each class that the table trusts to mean "never sent" is raised by the library while it connects, not later."""
    below = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
    assert {kind.__name__ for kind in below} <= {kind.__name__ for kind in NEVER_SENT}


def test_a_failure_of_the_transport_is_told_in_one_line() -> None:
    """A transport failure's text names the library's exception even if that says nothing."""
    assert str(TransportFailure(httpx.ReadError(""), sent=True)) == "ReadError"
    assert str(TransportFailure(httpx.ReadError("why"), sent=True)) == "ReadError: why"


def test_the_trace_tells_when_the_request_leaves() -> None:
    """Not when a proxy is asked for a tunnel, but when the request itself begins; at once if nobody can see that."""

    class Asked:
        def __init__(self, method: bytes) -> None:
            self.method = method

    told: list[str] = []
    trace = SendTrace(own=True, leaving=lambda: told.append("own"))
    trace.record("connection.connect_tcp.complete", {})
    trace.record("http11.send_request_headers.started", {"request": Asked(b"CONNECT")})
    assert told == []
    trace.record("http11.send_request_headers.started", {"request": Asked(b"POST")})
    SendTrace(own=False, leaving=lambda: told.append("lent"))
    assert told == ["own", "lent"]
