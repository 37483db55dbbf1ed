"""Serve finished clips from a second origin, which must never see the key."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from chainhub_sandbox.answers import Answer
from chainhub_sandbox.fault_injection import Striker, altered, no_answer
from chainhub_sandbox.faults import Moment, Strike
from chainhub_sandbox.ledger import Ledger, ReceivedRequest, without_secrets
from chainhub_sandbox.requests import new_request_id
from chainhub_sandbox.tasks import COMPLETED, Task, TaskBook

_BEFORE: tuple[Moment, ...] = ("arrival", "read")


class LinkHost:
    """Serves finished clips and their thumbnails under unguessable paths.

    Args:
        book: knows which token belongs to which task.
        ledger: remembers what arrived.
        striker: lets go wrong what shall go wrong.
    """

    def __init__(self, book: TaskBook, ledger: Ledger, striker: Striker) -> None:
        self._striker = striker
        self._book = book
        self._ledger = ledger

    def app(self) -> Starlette:
        """The host as an ASGI application."""
        routes = [
            Route("/{token}/video.mp4", self._video),
            Route("/{token}/thumbnail.jpg", self._thumbnail),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._unknown})

    async def _video(self, request: Request) -> ASGIApp:
        strike = self._striker.draw("link")
        for moment in _BEFORE:
            if await self._striker.ends(
                strike, moment, request.scope, lambda: self._record(request, 0, strike)
            ):
                return no_answer
        task, answer = self._found(request, ".mp4", "video/mp4")
        if strike is not None and task is not None and strike.kind == "expire":
            self._book.expire(task, strike["status"])
            task, answer = self._found(request, ".mp4", "video/mp4")
        if strike is not None:
            answer = altered(strike, answer, new_request_id())
        self._record(request, 0 if strike and strike.is_silent else answer.status, strike)
        delivered = None if task is None else task.delivered
        return self._striker.answer(strike, answer.response(), delivered)

    async def _thumbnail(self, request: Request) -> Response:
        _, answer = self._found(request, ".jpg", "image/jpeg")
        self._record(request, answer.status)
        return answer.response()

    async def _unknown(self, request: Request, _: Exception) -> Response:
        answer = self._refused(request) or _no_such_file()
        self._record(request, answer.status)
        return answer.response()

    def _found(self, request: Request, suffix: str, media_type: str) -> tuple[Task | None, Answer]:
        """The task that a path belongs to, if its file is sent, and the answer."""
        refused = self._refused(request)
        if refused is not None:
            return None, refused
        token = request.path_params["token"]
        expired = self._book.expired(token)
        if expired is not None:
            return None, _plain("Request has expired.\n", expired)
        task = self._book.linked(token)
        if task is None or task.moment().status != COMPLETED:
            return None, _no_such_file()
        path: Path = task.clip.result().with_suffix(suffix)
        return task, Answer(HTTPStatus.OK, file=path, media_type=media_type)

    def _refused(self, request: Request) -> Answer | None:
        if "authorization" not in request.headers:
            return None
        self._ledger.key_leaks += 1
        return _plain(
            "This is another host than the gateway: never send it the API key.\n",
            HTTPStatus.BAD_REQUEST,
        )

    def _record(self, request: Request, status: int, strike: Strike | None = None) -> None:
        self._ledger.entries.append(
            ReceivedRequest(
                origin="links",
                step="link",
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                headers=without_secrets(request.headers),
                status=status,
                fault="" if strike is None else str(strike.fault),
            )
        )


def _no_such_file() -> Answer:
    return _plain("No such file, or no longer.\n", HTTPStatus.NOT_FOUND)


def _plain(text: str, status: int) -> Answer:
    return Answer(status, text=text, media_type="text/plain; charset=utf-8")
