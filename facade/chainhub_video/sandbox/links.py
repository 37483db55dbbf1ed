"""The second origin: a third party's file host, which must never see the key."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from chainhub_video.sandbox.ledger import Ledger, ReceivedRequest, without_secrets
from chainhub_video.sandbox.tasks import COMPLETED, TaskBook


class LinkHost:
    """Serves finished clips and their thumbnails under unguessable paths.

    Args:
        book: knows which token belongs to which task.
        ledger: remembers what arrived.
    """

    def __init__(self, book: TaskBook, ledger: Ledger) -> None:
        self._book = book
        self._ledger = ledger

    def app(self) -> Starlette:
        """The host as an ASGI application."""
        routes = [
            Route("/{token}/video.mp4", self._video),
            Route("/{token}/thumbnail.jpg", self._thumbnail),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._unknown})

    async def _video(self, request: Request) -> Response:
        return self._serve(request, ".mp4", "video/mp4")

    async def _thumbnail(self, request: Request) -> Response:
        return self._serve(request, ".jpg", "image/jpeg")

    async def _unknown(self, request: Request, _: Exception) -> Response:
        return self._record(request, self._refused(request) or _no_such_file())

    def _serve(self, request: Request, suffix: str, media_type: str) -> Response:
        task = self._book.linked(request.path_params["token"])
        answer = self._refused(request)
        if answer is None and (task is None or task.moment().status != COMPLETED):
            answer = _no_such_file()
        if answer is None and task is not None:
            path: Path = task.clip.result().with_suffix(suffix)
            answer = FileResponse(path, media_type=media_type)
        return self._record(request, answer or _no_such_file())

    def _refused(self, request: Request) -> Response | None:
        if "authorization" not in request.headers:
            return None
        self._ledger.key_leaks += 1
        return PlainTextResponse(
            "This is another host than the gateway: never send it the API key.\n",
            HTTPStatus.BAD_REQUEST,
        )

    def _record(self, request: Request, answer: Response) -> Response:
        self._ledger.entries.append(
            ReceivedRequest(
                origin="links",
                step="link",
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                headers=without_secrets(request.headers),
                status=answer.status_code,
            )
        )
        return answer


def _no_such_file() -> Response:
    return PlainTextResponse("No such file, or no longer.\n", HTTPStatus.NOT_FOUND)
