"""Serve finished clips from a second origin, which must never see the key."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from chainhub_sandbox.answers import Answer, new_request_id, text_answer
from chainhub_sandbox.fault_injection import NoAnswer, injected, interrupt, malformed, no_answer
from chainhub_sandbox.faults import NO_FAULT, FaultPlan, Injection, Moment
from chainhub_sandbox.ledger import Ledger
from chainhub_sandbox.tasks import COMPLETED, Task, TaskStore

_EARLY: tuple[Moment, ...] = ("arrival", "read")


@dataclass(frozen=True, slots=True)
class LinkHost:
    """Serves finished clips and their thumbnails under unguessable paths.

    Attributes:
        tasks: found by the token in a path.
        ledger: remembers what arrived.
        plan: the faults.
    """

    tasks: TaskStore
    ledger: Ledger
    plan: FaultPlan

    def app(self) -> Starlette:
        """Return the host as an ASGI application."""
        routes = [
            Route("/{token}/video.mp4", self._video),
            Route("/{token}/thumbnail.jpg", self._thumbnail),
        ]
        return Starlette(routes=routes, exception_handlers={404: self._unknown})

    async def _video(self, request: Request) -> ASGIApp:
        injection = self.plan.draw("link")
        try:
            for moment in _EARLY:
                await interrupt(
                    injection, moment, request.scope, lambda: self._record(request, 0, injection)
                )
        except NoAnswer:
            return no_answer
        task, answer = self._find(request, ".mp4", "video/mp4")
        if task is not None and injection.kind == "expire":
            self.tasks.expire_links(task, injection["status"])
            task, answer = self._find(request, ".mp4", "video/mp4")
        answer = malformed(injection, answer, new_request_id())
        self._record(request, answer.status, injection)
        return injected(injection, answer.response(), task.sent if task else None)

    async def _thumbnail(self, request: Request) -> Response:
        _, answer = self._find(request, ".jpg", "image/jpeg")
        self._record(request, answer.status)
        return answer.response()

    async def _unknown(self, request: Request, _: Exception) -> Response:
        answer = self._refuse_key(request) or _no_such_file()
        self._record(request, answer.status)
        return answer.response()

    def _find(self, request: Request, suffix: str, media_type: str) -> tuple[Task | None, Answer]:
        """Return the task whose file is asked for, if it is sent, and the answer."""
        refused = self._refuse_key(request)
        if refused is not None:
            return None, refused
        token = request.path_params["token"]
        expired = self.tasks.expired(token)
        if expired is not None:
            return None, text_answer("Request has expired.\n", expired)
        task = self.tasks.by_token(token)
        if task is None or task.state().status != COMPLETED:
            return None, _no_such_file()
        return task, Answer(HTTPStatus.OK, task.clip.result().with_suffix(suffix), media_type)

    def _refuse_key(self, request: Request) -> Answer | None:
        if "authorization" not in request.headers:
            return None
        self.ledger.key_leaks += 1
        return text_answer(
            "This is another host than the gateway: never send it the API key.\n",
            HTTPStatus.BAD_REQUEST,
        )

    def _record(self, request: Request, status: int, injection: Injection = NO_FAULT) -> None:
        status = 0 if injection.drops_answer else status
        self.ledger.record("links", "link", request, status, fault=str(injection))


def _no_such_file() -> Answer:
    return text_answer("No such file, or no longer.\n", HTTPStatus.NOT_FOUND)
