"""The gateway's origin: authenticate, read, decide, record and answer each request."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from chainhub_sandbox.answers import (
    Answer,
    Refusal,
    new_request_id,
    openai_task,
    unified_receipt,
    unified_task,
    video_link,
)
from chainhub_sandbox.clips import ClipRenderer
from chainhub_sandbox.clock import Clock
from chainhub_sandbox.contract import load_contract
from chainhub_sandbox.fault_injection import NoAnswer, injected, interrupt, malformed, no_answer
from chainhub_sandbox.faults import FaultPlan, Moment
from chainhub_sandbox.ledger import Ledger, fingerprint, without_pictures
from chainhub_sandbox.requests import Exchange, openai_create, unified_create
from chainhub_sandbox.tasks import COMPLETED, FAILED, Format, Task, TaskStore


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        api_key: the only key that is let in.
        pace: seconds a task stays in each state.
        poll_after_ms: told in `openai-poll-after-ms` on query answers, in milliseconds.
        clock: the time that tasks go by.
    """

    api_key: str
    pace: float
    poll_after_ms: int
    clock: Clock


Handler = Callable[[Exchange], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Gateway:
    """The origin that clients talk to.

    Attributes:
        settings: how it behaves.
        renderer: renders the clips.
        tasks: keeps the tasks.
        ledger: remembers what arrived.
        links_url: the origin of the links it gives out.
        plan: the faults.
    """

    settings: Settings
    renderer: ClipRenderer
    tasks: TaskStore
    ledger: Ledger
    links_url: str
    plan: FaultPlan

    def app(self, more: Sequence[Route] = ()) -> Starlette:
        """Return the gateway as an ASGI application, with the document's routes and some more."""
        return Starlette(
            routes=[
                self._route("createVideo", "create", "openai", self._create),
                self._route("retrieveVideo", "query", "openai", self._query),
                self._route("downloadVideo", "content", "openai", self._content),
                self._route("createUnifiedVideo", "create", "unified", self._create),
                self._route("queryUnifiedVideo", "query", "unified", self._query),
                *more,
            ],
            exception_handlers={
                404: self._unknown_url,
                405: self._unknown_url,
                Exception: self._internal_error,
            },
        )

    def _route(self, operation_id: str, step: str, wire_format: Format, decide: Handler) -> Route:
        operation = load_contract()[operation_id]

        async def handle(exchange: Exchange) -> Answer:
            await self._interrupt(exchange, "arrival")
            self._authenticate(exchange.request)
            await exchange.read(operation, self.renderer)
            if step == "create":
                await self._count_arrival(exchange)
            await self._interrupt(exchange, "read")
            injection = exchange.injection
            if injection.kind == "status" and injection.at("read"):
                return Answer(HTTPStatus.NO_CONTENT, "")  # until the fault replaces it
            return await decide(exchange)

        async def endpoint(request: Request) -> ASGIApp:
            exchange = Exchange(step, request, wire_format, self.plan.draw(step))
            return await self._respond(exchange, handle)

        return Route(operation.path, endpoint, methods=[operation.method])

    async def _respond(self, exchange: Exchange, handle: Handler) -> ASGIApp:
        """Handle a request, record it, and return the response."""
        request_id = exchange.request_id
        try:
            try:
                answer = await handle(exchange)
            except Refusal as refusal:
                answer = refusal.answer(request_id)
            except NoAnswer:
                return no_answer
            finally:
                await exchange.close()
        except ClientDisconnect:
            self._record(exchange, 0)
            return no_answer
        answer = malformed(exchange.injection, answer, request_id)
        self._record(exchange, 0 if exchange.injection.drops_answer else answer.status)
        headers = {**answer.headers, "X-Oneapi-Request-Id": request_id}
        response = replace(answer, headers=headers).response()
        return injected(exchange.injection, response, exchange.sent)

    async def _interrupt(self, exchange: Exchange, moment: Moment) -> None:
        scope = exchange.request.scope
        await interrupt(exchange.injection, moment, scope, lambda: self._record(exchange, 0))

    async def _count_arrival(self, exchange: Exchange) -> None:
        exchange.fingerprint = await self.renderer.in_thread(
            fingerprint,
            exchange.format,
            exchange.body,
            [(picture.field, picture.sha256) for picture in exchange.pictures],
        )
        body = without_pictures(exchange.body)
        self.ledger.count_arrival(exchange.fingerprint, exchange.format, body)

    def _record(self, exchange: Exchange, status: int) -> None:
        self.ledger.record(
            "gateway",
            exchange.step,
            exchange.request,
            status,
            body=without_pictures(exchange.body),
            pictures=tuple(exchange.pictures),
            request_id=exchange.request_id,
            task_id=exchange.task_id,
            fingerprint=exchange.fingerprint,
            fault=str(exchange.injection),
        )

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        # Headers are read as Latin-1, whatever their bytes were meant to be.
        given, expected = key.strip().encode("latin-1"), self.settings.api_key.encode("utf-8")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
            raise Refusal(401, "Invalid token", code="invalid_api_key")

    async def _create(self, exchange: Exchange) -> Answer:
        settings, is_openai = self.settings, exchange.format == "openai"
        check = openai_create if is_openai else unified_create
        request, clip, sources = await check(exchange, self.renderer)
        video = self.renderer.render(clip, sources)
        task = Task(request, settings.pace, video, settings.clock)
        # From here on it is paid.
        self.tasks.add(task)
        self.ledger.charge(exchange.fingerprint, task)
        exchange.task_id = task.id
        return Answer(200, openai_task(task) if is_openai else unified_receipt(task))

    async def _query(self, exchange: Exchange) -> Answer:
        request = exchange.request
        task_id = request.path_params.get("id") or request.query_params.get("id", "")
        task = self.tasks.find(task_id, exchange.format)
        if task is None:
            raise Refusal(400, f"task {task_id!r} does not exist", code="task_not_exist", flat=True)
        await task.until_rendered()
        unified = exchange.format == "unified"
        document = unified_task(task, self.links_url) if unified else openai_task(task)
        headers = {"openai-poll-after-ms": str(self.settings.poll_after_ms)}
        return Answer(200, document, headers=headers)

    async def _content(self, exchange: Exchange) -> Answer:
        task = self.tasks.find(exchange.request.path_params["id"], "openai")
        if task is None:
            raise Refusal(404, "Task not found", code="task_not_found", param="id")
        status = task.state().status
        if status == FAILED:
            raise Refusal(400, f"Task failed: {task.failure}", code="task_failed", param="id")
        if status != COMPLETED:
            raise Refusal(
                400,
                f"Task is not completed yet, its status is {status}",
                code="task_not_completed",
                param="id",
            )
        exchange.sent = task.sent
        link = video_link(task, self.links_url)
        return Answer(200, task.clip.result(), "video/mp4", link=link)

    async def _unknown_url(self, request: Request, _: Exception) -> Any:
        async def refuse(_: Exchange) -> Answer:
            message = f"Invalid URL ({request.method} {request.url.path})"
            raise Refusal(404, message, code="not_found")

        return await self._respond(Exchange("other", request), refuse)

    async def _internal_error(self, _: Request, error: Exception) -> Response:
        """Say a bug of the sandbox in one line; uvicorn logs all of it."""
        request_id = new_request_id()
        refusal = Refusal(500, f"the sandbox broke: {error!r}", code="sandbox_error")
        headers = {"X-Oneapi-Request-Id": request_id}
        return replace(refusal.answer(request_id), headers=headers).response()
