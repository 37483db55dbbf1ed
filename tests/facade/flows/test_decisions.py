"""The money rule as a table: what follows from each outcome of a create."""

from __future__ import annotations

import ssl

import httpcore
import httpx
import pytest
from chainhub_video.drivers.http import SendTrace
from chainhub_video.flows.decision import Decision, decide
from chainhub_video.io import Reply, TransportFailure, UnreadableAnswer

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


@pytest.mark.parametrize("body", BODIES)
def test_every_status_has_its_decision(body: str) -> None:
    """Of all statuses, only the named ones count as refusals, only 429 as "again", whatever the body says."""
    decided = {status: decide(Reply(status, {}, BODIES[body])) for status in range(100, 600)}
    assert decided == {status: _expected(status, body) for status in range(100, 600)}


NEVER_SENT = {
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
}


def _transport_failures() -> list[type[Exception]]:
    """Every exception class that the HTTP library may throw during an exchange."""
    found: list[type[Exception]] = [httpx.InvalidURL, httpx.CookieConflict]
    waiting: list[type[Exception]] = [httpx.HTTPError, httpx.StreamError]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("kind", _transport_failures(), ids=lambda kind: kind.__name__)
def test_every_transport_failure_has_its_decision(kind: type[Exception]) -> None:
    """Only our own transport's failures to get a connection allow another create; every other one forbids it."""
    error = kind.__new__(kind, "text")
    failure = SendTrace(own=True).failure(error)
    assert failure is not None
    assert failure.sent is (kind not in NEVER_SENT)
    assert decide(failure) is (Decision.AGAIN if kind in NEVER_SENT else Decision.UNCERTAIN)


@pytest.mark.parametrize("kind", _transport_failures(), ids=lambda kind: kind.__name__)
def test_the_name_of_a_lent_transports_failure_proves_nothing(kind: type[Exception]) -> None:
    """Where no event told of the connection, a lent client's request counts as sent, whatever its failure is called."""
    failure = SendTrace(own=False).failure(kind.__new__(kind, "text"))
    assert failure is not None
    assert decide(failure) is Decision.UNCERTAIN


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), BrokenPipeError(), ssl.SSLError(), OSError()]
)
def test_a_bare_system_error_is_uncertain(error: OSError) -> None:
    """An operating system's error during an exchange says nothing about what was sent, so it forbids another create."""
    failure = SendTrace(own=True).failure(error)
    assert failure is not None
    assert decide(failure) is Decision.UNCERTAIN


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), RuntimeError("x")])
def test_a_mistake_of_the_program_is_no_transport_failure(error: Exception) -> None:
    """What is not about the exchange is not swallowed as if it were."""
    assert SendTrace(own=True).failure(error) is None


def test_an_answer_too_large_is_uncertain() -> None:
    """A server that answers without end may have acted."""
    assert decide(UnreadableAnswer("x")) is Decision.UNCERTAIN


def test_the_table_knows_the_librarys_connection_errors() -> None:
    """Each class that the table trusts to mean "never sent" is raised by the library while it connects, not later."""
    below = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout)
    assert {kind.__name__ for kind in below} <= {kind.__name__ for kind in NEVER_SENT}


def test_a_failure_of_the_transport_is_told_in_one_line() -> None:
    """A transport failure's text names the library's exception even if that says nothing."""
    assert str(TransportFailure(httpx.ReadError(""), sent=True)) == "ReadError"
    assert str(TransportFailure(httpx.ReadError("why"), sent=True)) == "ReadError: why"
