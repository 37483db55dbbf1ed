"""The money rule as data: what can happen to a create, and what must follow from it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from unittest import mock

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
        place: makes the address that the client is sent to, given the sandbox's; None for the sandbox's.
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
    place: Callable[[str], AbstractContextManager[str]] | None = None
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])

    @property
    def breaks_the_connection(self) -> bool:
        """Whether something else goes wrong than the words of a whole answer, so that the driver decides."""
        words = ("create:status", "create:types", "create:fields")
        return self.place is not None or not all(each.startswith(words) for each in self.faults)


@contextmanager
def _unknown_host(_: str) -> Iterator[str]:
    """A host that the resolver does not know; it is not asked, so that no question leaves this machine."""
    ask = socket.getaddrinfo

    def answer(host: Any, *arguments: Any, **named: Any) -> Any:
        if host in ("gateway.invalid", b"gateway.invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return ask(host, *arguments, **named)

    with mock.patch.object(socket, "getaddrinfo", answer):
        yield "https://gateway.invalid"


@contextmanager
def _deaf_host(_url: str) -> Iterator[str]:
    """A listener whose queue is full: connections to it are never completed."""
    with ExitStack() as closing, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = closing.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def _speaks_no_tls(url: str) -> AbstractContextManager[str]:
    """The sandbox, which answers a TLS handshake with something else."""
    return nullcontext(url.replace("http:", "https:"))


def _status(status: int, **parameters: Any) -> str:
    more = "".join(f",{name}={value}" for name, value in parameters.items())
    return f"create:status,status={status}{more}"


def _never_sent(cause: str, *faults: str, **more: Any) -> Case:
    return Case(Rule.NEVER_CONNECTED, cause, 0, 0, ConnectionFailed, faults, **more)


def _turned_away(cause: str, sent: int, error: Errors, **parameters: Any) -> Case:
    paid = int(error is None)
    return Case(Rule.TURNED_AWAY, cause, sent, paid, error, (_status(429, **parameters),))


def _refused(cause: str, error: Errors, *faults: str, **changes: Mapping[str, Any]) -> Case:
    return Case(Rule.REFUSED, cause, 1, 0, error, faults, changes=changes)


def _uncertain(cause: str, *faults: str, paid: int = 0, sent: int = 1, **more: Any) -> Case:
    return Case(Rule.UNKNOWN, cause, sent, paid, SubmissionUncertain, faults, **more)


_REFUSALS: Mapping[int, type[ChainHubError]] = {
    400: APIError,
    401: AuthenticationError,
    402: QuotaExhausted,
    403: PermissionDenied,
    404: NotFound,
    413: RequestTooLarge,
    422: APIError,
}
_UNCLEAR = (
    *((408, "error"), (409, "flat"), (418, "error"), (500, "error"), (500, "flat")),
    *((502, "html"), (503, "empty"), (504, "html"), (524, "empty")),
)
_NO_MODEL: Mapping[str, Any] = {"model": "no-such-model"}
_BAD_FIELD: Mapping[str, Any] = {"model": "sora-2", "extra": {"character_timestamps": "9"}}

CASES: tuple[Case, ...] = (
    Case(Rule.NEVER_CONNECTED, "refused, then open", 1, 1, None, ("create:refuse,seconds=0.12",)),
    _never_sent("refused", "create:refuse,seconds=60"),
    _never_sent("unknown host", place=_unknown_host),
    _never_sent("TLS fails", place=_speaks_no_tls),
    _never_sent("connect timeout", hasty=True, place=_deaf_host),
    _turned_away("429 once", 2, None, shape="flat", times=1),
    _turned_away("429 with Retry-After, twice", 3, None, retry_after=0.1, times=2),
    _turned_away("429 for ever", ATTEMPTS, RateLimited, shape="html"),
    _turned_away("429, come back tomorrow", 1, RateLimited, retry_after=86400),
    *(
        _refused(f"{status}, {shape}", error, _status(status, shape=shape))
        for status, error in _REFUSALS.items()
        for shape in ("flat", "html")
    ),
    _refused(
        "403 with a quota's code",
        QuotaExhausted,
        _status(403, shape="flat", code="insufficient_user_quota"),
    ),
    _refused("503 model_not_found", ModelUnavailable, _status(503, code="model_not_found")),
    _refused(
        "a model that the gateway does not know",
        ModelUnavailable,
        openai={**_NO_MODEL, "format": "openai", "seconds": 4},
        unified={**_NO_MODEL, "format": "unified", "size": "720P"},
    ),
    _refused(
        "a field that the gateway does not take",
        APIError,
        openai={**_BAD_FIELD, "format": "openai", "seconds": 4},
        unified={**_BAD_FIELD, "format": "unified", "aspect_ratio": "16:9"},
    ),
    _uncertain("no answer, nothing done", "create:hang,moment=read", hasty=True),
    _uncertain("no answer, done", "create:hang", paid=1, hasty=True),
    _uncertain(
        "the body is not taken", "create:hang,moment=arrival", hasty=True, picture_bytes=9_500_000
    ),
    _uncertain("reset before the body is read", "create:reset,moment=arrival"),
    _uncertain("reset after the body", "create:reset,moment=read"),
    _uncertain("reset, done", "create:reset", paid=1),
    _uncertain("closed, nothing done", "create:close,moment=read"),
    _uncertain("closed, done", "create:close", paid=1),
    _uncertain("half the answer's head", "create:cut,part=head", paid=1),
    _uncertain("half the answer's body", "create:cut", paid=1),
    _uncertain("half the answer's body, then reset", "create:cut,ending=reset", paid=1),
    _uncertain("an answer shorter than announced", "create:length,by=50", paid=1),
    _uncertain("an answer longer than announced", "create:length,by=-30", paid=1),
    *(_uncertain(f"{status}, {shape}", _status(status, shape=shape)) for status, shape in _UNCLEAR),
    _uncertain("500, done", _status(500, moment="done"), paid=1),
    _uncertain("502 HTML, done", _status(502, shape="html", moment="done"), paid=1),
    _uncertain("503 with Retry-After", _status(503, retry_after=0)),
    _uncertain("302", _status(302, shape="empty")),
    _uncertain("204", _status(204, shape="empty")),
    _uncertain("200 HTML", _status(200, shape="html")),
    _uncertain("200 HTML, done", _status(200, shape="html", moment="done"), paid=1),
    _uncertain("200 empty, done", _status(200, shape="empty", moment="done"), paid=1),
    _uncertain("200 with an error in it", _status(200, shape="flat")),
    _uncertain("200, every type wrong", "create:types", paid=1),
    _uncertain("200, the id is an object", 'create:fields,fields={"id": {"n": 7}}', paid=1),
    _uncertain("200, the id is empty", 'create:fields,fields={"id": " "}', paid=1),
    _uncertain("429 once, then a reset", _status(429, times=1), "create:reset,moment=read", sent=2),
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
"""The causes that show what a dialect makes of the rule: the tests try these in each of them, the command all."""
