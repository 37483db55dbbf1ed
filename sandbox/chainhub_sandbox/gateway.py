"""The gateway: receive, decide, record, answer, each a stage of its own."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
    openai_document,
    unified_document,
    unified_receipt,
    video_link,
)
from chainhub_sandbox.clips import Studio
from chainhub_sandbox.clock import Clock, RealClock
from chainhub_sandbox.contract import load_contract
from chainhub_sandbox.fault_injection import Striker, altered, no_answer
from chainhub_sandbox.faults import Plan
from chainhub_sandbox.ledger import (
    Ledger,
    ReceivedRequest,
    fingerprint,
    without_pictures,
    without_secrets,
)
from chainhub_sandbox.requests import Exchange, OpenAIRequest, UnifiedRequest, new_request_id
from chainhub_sandbox.server import Wires
from chainhub_sandbox.tasks import COMPLETED, FAILED, Format, Task, TaskBook


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        api_key: the only key that is let in.
        pace: seconds a task stays in each state.
        poll_after_ms: told in `openai-poll-after-ms` on query answers, in milliseconds.
        fast: clips of a quarter of the width and height with 4 frames a second.
        clock: the time that tasks go by.
    """

    api_key: str
    pace: float
    poll_after_ms: int
    fast: bool
    clock: Clock = field(default_factory=RealClock)


Decide = Callable[[Exchange], Awaitable[Answer]]

_FORMATS: Mapping[str, Format] = {"createVideo": "openai", "createUnifiedVideo": "unified"}
_NOTHING_DONE = Answer(HTTPStatus.NO_CONTENT)
"""Stands for the answer until a fault puts its own words in place of it."""


class _Gone(Exception):
    """A fault has ended the connection, and the request is recorded."""


class Gateway:
    """The origin that clients talk to.

    Args:
        settings: how it behaves.
        studio: renders the clips.
        book: keeps the tasks.
        ledger: remembers what arrived.
        links_url: the origin of the links it gives out.
        striker: lets go wrong what shall go wrong; None for nothing.
    """

    def __init__(
        self,
        settings: Settings,
        studio: Studio,
        book: TaskBook,
        ledger: Ledger,
        links_url: str,
        striker: Striker | None = None,
    ) -> None:
        self._striker = striker or Striker(Plan(), Wires())
        self._settings = settings
        self._studio = studio
        self._book = book
        self._ledger = ledger
        self._links_url = links_url

    def app(self, more: Sequence[Route] = ()) -> Starlette:
        """The gateway as an ASGI application, its routes taken from the document.

        Args:
            more: further routes.
        """
        contract = load_contract()
        steps: tuple[tuple[str, str, Decide], ...] = (
            ("createVideo", "create", self._create_openai),
            ("retrieveVideo", "query", self._query_openai),
            ("downloadVideo", "content", self._content),
            ("createUnifiedVideo", "create", self._create_unified),
            ("queryUnifiedVideo", "query", self._query_unified),
        )
        routes = [
            Route(
                contract[operation_id].path,
                self._endpoint(operation_id, step, decide),
                methods=[contract[operation_id].method],
            )
            for operation_id, step, decide in steps
        ]
        return Starlette(
            routes=[*routes, *more],
            exception_handlers={
                404: self._no_such_url,
                405: self._no_such_url,
                Exception: self._broken,
            },
        )

    def _endpoint(
        self, operation_id: str, step: str, decide: Decide
    ) -> Callable[[Request], Awaitable[ASGIApp]]:
        operation = load_contract()[operation_id]

        async def receive_and_decide(exchange: Exchange) -> Answer:
            self._authenticate(exchange.request)
            await exchange.read(operation, self._studio)
            if step == "create":
                await self._note_arrival(exchange, _FORMATS[operation_id])
            strike, scope = exchange.strike, exchange.request.scope
            if await self._striker.ends(strike, "read", scope, lambda: self._record(exchange, 0)):
                raise _Gone
            if strike is not None and strike.kind == "status" and strike.at("read"):
                return _NOTHING_DONE
            return await decide(exchange)

        async def endpoint(request: Request) -> ASGIApp:
            strike = self._striker.draw(step)
            exchange = Exchange.begin(step, request, strike)
            if await self._striker.ends(
                strike, "arrival", request.scope, lambda: self._record(exchange, 0)
            ):
                return no_answer
            answer = await self._settle(exchange, receive_and_decide)
            if answer is None:
                return no_answer
            return self._striker.answer(strike, answer.response(), exchange.delivered)

        return endpoint

    async def _note_arrival(self, exchange: Exchange, wire_format: Format) -> None:
        exchange.fingerprint = await self._studio.aside(
            fingerprint,
            wire_format,
            exchange.body,
            [(picture.field, picture.sha256) for picture in exchange.pictures],
        )
        body = without_pictures(exchange.body)
        self._ledger.charges.arrive(exchange.fingerprint, wire_format, body)

    async def _settle(self, exchange: Exchange, decide: Decide) -> Answer | None:
        """All stages of one request but the sending, in order; None if its client is gone."""
        try:
            try:
                answer = await decide(exchange)
            except Refusal as refusal:
                answer = refusal.answer(exchange.request_id)
            finally:
                await exchange.finish()
        except ClientDisconnect:
            self._record(exchange, 0)
            return None
        except _Gone:
            return None
        strike = exchange.strike
        if strike is not None:
            answer = altered(strike, answer, exchange.request_id)
        self._record(exchange, 0 if strike is not None and strike.is_silent else answer.status)
        answer.headers["X-Oneapi-Request-Id"] = exchange.request_id
        return answer

    def _record(self, exchange: Exchange, status: int) -> None:
        request = exchange.request
        self._ledger.unread += exchange.step == "create" and not status and not exchange.fingerprint
        self._ledger.entries.append(
            ReceivedRequest(
                origin="gateway",
                step=exchange.step,
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                headers=without_secrets(request.headers),
                body=without_pictures(exchange.body),
                pictures=tuple(exchange.pictures),
                status=status,
                request_id=exchange.request_id,
                task_id=exchange.task_id,
                fingerprint=exchange.fingerprint,
                fault="" if exchange.strike is None else str(exchange.strike.fault),
            )
        )

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        expected = self._settings.api_key.encode("utf-8")
        # Header bytes arrive as Latin-1 text, whatever they were meant to be.
        given = key.strip().encode("latin-1")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, expected):
            raise Refusal(401, "Invalid token", code="invalid_api_key")

    async def _create_openai(self, exchange: Exchange) -> Answer:
        request = await OpenAIRequest.of(exchange, self._studio, fast=self._settings.fast)
        return Answer(200, openai_document(self._accept(exchange, "openai", request)))

    async def _create_unified(self, exchange: Exchange) -> Answer:
        request = await UnifiedRequest.of(exchange, self._studio, fast=self._settings.fast)
        return Answer(200, unified_receipt(self._accept(exchange, "unified", request)))

    def _accept(
        self, exchange: Exchange, wire_format: Format, request: OpenAIRequest | UnifiedRequest
    ) -> Task:
        """Turns a create that is in order into a task: from here on it is paid."""
        clip = self._studio.commission(request.order)
        settings = self._settings
        task = Task(
            format=wire_format,
            pace=settings.pace,
            clip=clip,
            clock=settings.clock,
            **request.told(),
        )
        self._book.enter(task)
        self._ledger.charges.accept(exchange.fingerprint, task)
        exchange.task_id = task.id
        return task

    async def _query_openai(self, exchange: Exchange) -> Answer:
        return await self._state(exchange, "openai", openai_document)

    async def _query_unified(self, exchange: Exchange) -> Answer:
        return await self._state(
            exchange, "unified", lambda task: unified_document(task, self._links_url)
        )

    async def _state(
        self, exchange: Exchange, wire_format: Format, document: Callable[[Task], dict[str, Any]]
    ) -> Answer:
        request = exchange.request
        task_id = request.path_params.get("id") or request.query_params.get("id", "")
        task = self._book.find(task_id, wire_format)
        if task is None:
            raise Refusal(400, f"task {task_id!r} does not exist", code="task_not_exist", flat=True)
        await task.until_rendered()
        poll_after = str(self._settings.poll_after_ms)
        return Answer(200, document(task), headers={"openai-poll-after-ms": poll_after})

    async def _content(self, exchange: Exchange) -> Answer:
        task = self._book.find(exchange.request.path_params["id"], "openai")
        if task is None:
            raise Refusal(404, "Task not found", code="task_not_found", param="id")
        status = task.moment().status
        if status == FAILED:
            raise Refusal(400, f"Task failed: {task.failure}", code="task_failed", param="id")
        if status != COMPLETED:
            raise Refusal(
                400,
                f"Task is not completed yet, its status is {status}",
                code="task_not_completed",
                param="id",
            )
        exchange.delivered = task.delivered
        link = video_link(task, self._links_url)
        return Answer(200, file=task.clip.result(), media_type="video/mp4", link=link)

    async def _no_such_url(self, request: Request, _error: Exception) -> Response:
        async def refuse(_: Exchange) -> Answer:
            raise Refusal(
                404,
                f"Invalid URL ({request.method} {request.url.path})",
                code="not_found",
            )

        answer = await self._settle(Exchange.begin("other", request), refuse)
        return Response(status_code=HTTPStatus.BAD_REQUEST) if answer is None else answer.response()

    async def _broken(self, _: Request, error: Exception) -> Response:
        """A fault of the sandbox itself: said in one line here, in full in the server's log."""
        refusal = Refusal(500, f"the sandbox broke: {error!r}", code="sandbox_error")
        request_id = new_request_id()
        answer = refusal.answer(request_id)
        answer.headers["X-Oneapi-Request-Id"] = request_id
        return answer.response()
