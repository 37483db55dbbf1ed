"""The money rule as data: what can happen to a create, and what must follow from it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from unittest import mock

import httpx
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
)

ATTEMPTS = 4
"""How often the clients of the table try at most; the facade's own default."""

Errors = type[ChainHubError] | None


class Rule(Enum):
    """The rows of the rule; the value says what is done."""

    NEVER_CONNECTED = "connection never established: again, after a pause"
    TURNED_AWAY = "429: again, after Retry-After or a pause"
    REFUSED = "refused: the mapped error, never again"
    UNKNOWN = "anything else once bytes may have left: SubmissionUncertain, never again"


@dataclass(frozen=True)
class Place:
    """Where a client is sent to, and with what.

    Attributes:
        url: instead of the sandbox's; None for the sandbox's.
        untraced: what a lent client's transport, which tells of no event, calls every failure; None for no lent one.
    """

    url: str | None = None
    untraced: type[httpx.TransportError] | None = None


@dataclass(frozen=True)
class Case:
    """One thing that happens to a create.

    Attributes:
        rule: the row it belongs to.
        cause: in words.
        sent: how many creates reach the sandbox.
        paid: how many of them production would charge.
        error: what the caller gets; None for a task.
        faults: set in the sandbox.
        hasty: whether the client waits only moments for an answer, or for bytes to be taken.
        picture_bytes: how large the picture is; 0 for the usual one.
        place: makes the place that the client is sent to, given the sandbox's address.
        changes: what the create asks for that others do not, by format.
    """

    rule: Rule
    cause: str
    sent: int
    paid: int
    error: Errors
    faults: tuple[str, ...] = ()
    hasty: bool = False
    picture_bytes: int = 0
    place: Callable[[str], AbstractContextManager[Place]] = lambda _: nullcontext(Place())
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])


@contextmanager
def _unknown_host(_: str) -> Iterator[Place]:
    """A host that the resolver does not know; it is not asked, so that no question leaves this machine."""
    ask = socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **named: Any) -> Any:
        if host in ("gateway.invalid", b"gateway.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *arguments, **named)

    with mock.patch.object(socket, "getaddrinfo", answer):
        yield Place("https://gateway.invalid")


@contextmanager
def _deaf_host(_url: str) -> Iterator[Place]:
    """A listener whose queue is full: connections to it are never completed."""
    with ExitStack() as closing, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = closing.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield Place(f"http://127.0.0.1:{listener.getsockname()[1]}")


def _speaks_no_tls(url: str) -> AbstractContextManager[Place]:
    """The sandbox, which answers a TLS handshake with something else."""
    return nullcontext(Place(url.replace("http:", "https:")))


_BAD_FIELD: Mapping[str, Any] = {"model": "sora-2", "extra": {"character_timestamps": "9"}}


def _refusals() -> list[Case]:
    errors: Mapping[int, type[ChainHubError]] = {
        400: APIError,
        401: AuthenticationError,
        402: QuotaExhausted,
        403: PermissionDenied,
        404: NotFound,
        413: RequestTooLarge,
        422: APIError,
    }
    return [
        *(
            Case(Rule.REFUSED, f"{status}, {shape}", 1, 0, error, (_status(status, shape=shape),))
            for status, error in errors.items()
            for shape in ("flat", "html")
        ),
        Case(
            Rule.REFUSED,
            "403 with a quota's code",
            1,
            0,
            QuotaExhausted,
            (_status(403, shape="flat", code="insufficient_user_quota"),),
        ),
        Case(
            Rule.REFUSED,
            "503 model_not_found",
            1,
            0,
            ModelUnavailable,
            (_status(503, code="model_not_found"),),
        ),
        Case(
            Rule.REFUSED,
            "a model that the gateway does not know",
            1,
            0,
            ModelUnavailable,
            changes={
                "openai": {"model": "no-such-model", "format": "openai", "seconds": 4},
                "unified": {"model": "no-such-model", "format": "unified", "size": "720P"},
            },
        ),
        Case(
            Rule.REFUSED,
            "a field that the gateway does not take",
            1,
            0,
            APIError,
            changes={
                "openai": {**_BAD_FIELD, "format": "openai", "seconds": 4},
                "unified": {**_BAD_FIELD, "format": "unified", "aspect_ratio": "16:9"},
            },
        ),
    ]


def _status(status: int, **parameters: Any) -> str:
    more = "".join(f",{name}={value}" for name, value in parameters.items())
    return f"create:status,status={status}{more}"


def _uncertain(cause: str, *faults: str, paid: int, sent: int = 1, **more: Any) -> Case:
    return Case(Rule.UNKNOWN, cause, sent, paid, SubmissionUncertain, faults, **more)


CASES: tuple[Case, ...] = (
    Case(Rule.NEVER_CONNECTED, "refused, then open", 1, 1, None, ("create:refuse,seconds=0.12",)),
    Case(Rule.NEVER_CONNECTED, "refused", 0, 0, ConnectionFailed, ("create:refuse,seconds=60",)),
    Case(Rule.NEVER_CONNECTED, "unknown host", 0, 0, ConnectionFailed, place=_unknown_host),
    Case(Rule.NEVER_CONNECTED, "TLS fails", 0, 0, ConnectionFailed, place=_speaks_no_tls),
    Case(
        Rule.NEVER_CONNECTED,
        "connect timeout",
        0,
        0,
        ConnectionFailed,
        hasty=True,
        place=_deaf_host,
    ),
    Case(Rule.TURNED_AWAY, "429 once", 2, 1, None, (_status(429, shape="flat", times=1),)),
    Case(
        Rule.TURNED_AWAY,
        "429 with Retry-After, twice",
        3,
        1,
        None,
        (_status(429, retry_after=0.1, times=2),),
    ),
    Case(Rule.TURNED_AWAY, "429 for ever", ATTEMPTS, 0, RateLimited, (_status(429, shape="html"),)),
    Case(
        Rule.TURNED_AWAY,
        "429, come back tomorrow",
        1,
        0,
        RateLimited,
        (_status(429, retry_after=86400),),
    ),
    *_refusals(),
    _uncertain("no answer, nothing done", "create:hang,moment=read", paid=0, hasty=True),
    _uncertain("no answer, done", "create:hang", paid=1, hasty=True),
    _uncertain(
        "the body is not taken",
        "create:hang,moment=arrival",
        paid=0,
        hasty=True,
        picture_bytes=9_500_000,
    ),
    _uncertain("reset before the body is read", "create:reset,moment=arrival", paid=0),
    _uncertain("reset after the body", "create:reset,moment=read", paid=0),
    *(
        _uncertain(
            f"the same, lent, called {failure.__name__}",
            "create:reset,moment=read",
            paid=0,
            place=lambda _, failure=failure: nullcontext(Place(untraced=failure)),
        )
        for failure in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    ),
    _uncertain("reset, done", "create:reset", paid=1),
    _uncertain("closed, nothing done", "create:close,moment=read", paid=0),
    _uncertain("closed, done", "create:close", paid=1),
    _uncertain("half the answer's head", "create:cut,part=head", paid=1),
    _uncertain("half the answer's body", "create:cut", paid=1),
    _uncertain("half the answer's body, then reset", "create:cut,ending=reset", paid=1),
    _uncertain("an answer shorter than announced", "create:length,by=50", paid=1),
    _uncertain("an answer longer than announced", "create:length,by=-30", paid=1),
    *(
        _uncertain(f"{status}, {shape}", _status(status, shape=shape), paid=0)
        for status, shape in (
            (408, "error"),
            (409, "flat"),
            (418, "error"),
            (500, "error"),
            (500, "flat"),
            (502, "html"),
            (503, "empty"),
            (504, "html"),
            (524, "empty"),
        )
    ),
    _uncertain("500, done", _status(500, moment="done"), paid=1),
    _uncertain("502 HTML, done", _status(502, shape="html", moment="done"), paid=1),
    _uncertain("503 with Retry-After", _status(503, retry_after=0), paid=0),
    _uncertain("302", _status(302, shape="empty"), paid=0),
    _uncertain("204", _status(204, shape="empty"), paid=0),
    _uncertain("200 HTML", _status(200, shape="html"), paid=0),
    _uncertain("200 HTML, done", _status(200, shape="html", moment="done"), paid=1),
    _uncertain("200 empty, done", _status(200, shape="empty", moment="done"), paid=1),
    _uncertain("200 with an error in it", _status(200, shape="flat"), paid=0),
    _uncertain("200, every type wrong", "create:types", paid=1),
    _uncertain("200, the id is an object", 'create:fields,fields={"id": {"n": 7}}', paid=1),
    _uncertain("200, the id is empty", 'create:fields,fields={"id": " "}', paid=1),
    _uncertain(
        "429 once, then a reset",
        _status(429, times=1),
        "create:reset,moment=read",
        paid=0,
        sent=2,
    ),
)

IN_DIALECT = (
    "429 once",
    "503 model_not_found",
    "a model that the gateway does not know",
    "a field that the gateway does not take",
    "no answer, done",
    "reset, done",
    "half the answer's body",
    "200 HTML, done",
    "200 with an error in it",
    "200, every type wrong",
    "200, the id is an object",
    "200, the id is empty",
)
"""The causes that show what a dialect makes of the rule: the tests live these in each of them, the command all."""
