"""The applications of both origins: the gateway, and the host that finished videos are linked from."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any, ClassVar
from urllib.parse import quote

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
)
from chainhub_sandbox.clips import ClipRenderer
from chainhub_sandbox.clock import Clock
from chainhub_sandbox.contract import load_contract
from chainhub_sandbox.dialects import (
    DOCUMENTED_LINK,
    NO_FILE,
    NO_FILE_SECONDS,
    NO_LINK_SECONDS,
    NOT_FOUND,
    NOT_FOUND_SECONDS,
    OWN_FILES,
    Dialect,
    DialectSwitch,
)
from chainhub_sandbox.fault_injection import NoAnswer, injected, interrupt, malformed, no_answer
from chainhub_sandbox.faults import NO_FAULT, FaultPlan, Moment
from chainhub_sandbox.ledger import Ledger, Origin, fingerprint, without_pictures
from chainhub_sandbox.models import new_id, schemas
from chainhub_sandbox.requests import Exchange, openai_create, unified_create
from chainhub_sandbox.tasks import COMPLETED, FAILED, Format, Task, TaskState, TaskStore

_GATEWAYS_OWN = (200, 401, 413)
"""Statuses that a relay keeps: a wrong key, a large body, and what is an error with status 200 anyway."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a sandbox behaves.

    Attributes:
        api_key: the only key that is let in.
        pace: seconds a task stays in each state.
        poll_after_ms: the header `openai-poll-after-ms` of query answers, in milliseconds; on those to creates it is a
            quarter of the pace at most.
        clock: the time that tasks go by.
        dialects: that it answers in.
        seed: of what the dialects draw.
    """

    api_key: str
    pace: float
    poll_after_ms: int
    clock: Clock
    dialects: DialectSwitch = field(default_factory=DialectSwitch)
    seed: int = 0


Handler = Callable[[Exchange], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class _Application:
    """What both origins have in common: handle, record and answer each request.

    Attributes:
        tasks: the tasks.
        ledger: remembers what arrived.
        plan: the faults.
    """

    origin: ClassVar[Origin]
    tasks: TaskStore
    ledger: Ledger
    plan: FaultPlan

    def _endpoint(
        self, step: str, handle: Handler, *, faulty: bool = True, **fields: Any
    ) -> Callable[..., Any]:
        """Return a route's endpoint, which is an exception handler too.

        Args:
            step: of the job.
            handle: answers a request.
            faulty: whether faults hit it.
            **fields: further fields of each `Exchange`.
        """

        async def endpoint(request: Request, _: Exception | None = None) -> ASGIApp:
            injection = self.plan.draw(step) if faulty else NO_FAULT
            return await self._respond(Exchange(step, request, injection, **fields), handle)

        return endpoint

    async def _respond(self, exchange: Exchange, handle: Handler) -> ASGIApp:
        request_id = exchange.request_id
        try:
            try:
                answer = await handle(exchange)
            except Refusal as refusal:
                answer = self._refused(exchange, refusal)
            except NoAnswer:
                return no_answer
            finally:
                await exchange.close()
        except ClientDisconnect:
            self._record(exchange, 0)
            return no_answer
        answer = malformed(exchange.injection, answer, request_id or new_request_id())
        self._record(exchange, 0 if exchange.injection.drops_answer else answer.status)
        return injected(exchange.injection, answer.response(request_id), exchange.sent)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> Answer:
        return refusal.answer(exchange.request_id)

    def _file(self, exchange: Exchange, task: Task) -> Answer:
        """Return the video of a completed task."""
        if task.late("file", NO_FILE_SECONDS, task.state().since):
            status, message, code, shape = task.dialect.draw("no file", NO_FILE)
            raise Refusal(status, message, code, shape=shape)
        exchange.sent = task.sent
        return Answer(200, task.clip.result(), "video/mp4")

    def _linked_file(self, exchange: Exchange) -> Answer:
        """Return the video that a link leads to."""
        task, injection = self._linked(exchange.request), exchange.injection
        trouble = task.dialect.link.trouble
        if trouble == "forbidden":
            raise Refusal(403, "Access denied.", shape="plain")
        if injection.kind == "expire" or (trouble == "expires" and not task.relinked):
            status = injection["status"] if injection.kind == "expire" else HTTPStatus.FORBIDDEN
            self.tasks.expire_links(task, status)
            task = self._linked(exchange.request)
        return self._file(exchange, task)

    def _linked(self, request: Request) -> Task:
        """Return the completed task that a link is about."""
        token = request.path_params["token"]
        expired = self.tasks.expired(token)
        if expired is not None:
            raise Refusal(expired, "Request has expired.", shape="plain")
        task = self.tasks.by_token(token)
        if task is None or task.state().status != COMPLETED:
            raise Refusal(404, "No such file, or no longer.", shape="plain")
        return task

    async def _interrupt(self, exchange: Exchange, *moments: Moment) -> None:
        scope, record = exchange.request.scope, partial(self._record, exchange, 0)
        for moment in moments:
            await interrupt(exchange.injection, moment, scope, record)

    def _record(self, exchange: Exchange, status: int) -> None:
        self.ledger.record(
            self.origin,
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


@dataclass(frozen=True, slots=True)
class Gateway(_Application):
    """The origin that clients talk to.

    Attributes:
        settings: how it behaves.
        renderer: renders the clips.
        links_url: the origin of the links it gives out.
        refusals: numbers them.
    """

    origin: ClassVar[Origin] = "gateway"
    settings: Settings
    renderer: ClipRenderer
    links_url: str
    refusals: Iterator[int] = field(default_factory=count)

    def app(self, more: Sequence[Route] = ()) -> Starlette:
        """Return the gateway as an ASGI application, with the document's routes and some more."""
        unknown_url = self._endpoint("other", self._unknown_url)
        linked = self._endpoint("link", self._own_file)

        async def own_file(request: Request) -> ASGIApp:
            used = "own-links" in self.settings.dialects.used
            answer: ASGIApp = await (linked if used else unknown_url)(request)
            return answer

        return Starlette(
            routes=[
                self._route("createVideo", "create", "openai", self._create),
                # Before the query, since an id may have slashes.
                self._route("downloadVideo", "content", "openai", self._content),
                self._route("retrieveVideo", "query", "openai", self._query),
                self._route("createUnifiedVideo", "create", "unified", self._create),
                self._route("queryUnifiedVideo", "query", "unified", self._query),
                Route(OWN_FILES, own_file),
                *more,
            ],
            exception_handlers={404: unknown_url, 405: unknown_url, Exception: _internal_error},
        )

    def _route(self, operation_id: str, step: str, wire_format: Format, decide: Handler) -> Route:
        operation = load_contract()[operation_id]
        if step == "create":
            operation = operation.with_models(schemas(wire_format))

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

        endpoint = self._endpoint(step, handle, format=wire_format)
        path = operation.path.replace("{id}", "{id:path}")
        return Route(path, endpoint, methods=[operation.method])

    async def _count_arrival(self, exchange: Exchange) -> None:
        exchange.fingerprint = await self.renderer.in_thread(
            fingerprint,
            exchange.format,
            exchange.body,
            [(picture.field, picture.sha256) for picture in exchange.pictures],
        )
        body = without_pictures(exchange.body)
        self.ledger.count_arrival(exchange.fingerprint, exchange.format, body)

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
        dialect = self._dialect(len(self.tasks))
        task_id = dialect.new_id() or new_id(exchange.format, request.model)
        task = Task(
            task_id,
            request,
            settings.pace,
            video,
            settings.clock,
            dialect,
            without_pictures(exchange.body),
            [each if isinstance(each, str) else each.digest for each in sources],
        )
        # From here on it is paid.
        self.tasks.add(task)
        self.ledger.charge(exchange.fingerprint, task)
        exchange.task_id = task.id
        state = task.state()
        document = openai_task(task, state) if is_openai else unified_receipt(task, state)
        # The first look comes while the task is still in its first state.
        hint = min(settings.poll_after_ms, max(1, round(settings.pace * 250)))
        return self._answer_about(exchange, task, document, hint)

    def _dialect(self, number: int) -> Dialect:
        return Dialect(self.settings.dialects.names, self.settings.seed, number)

    def _answer_about(
        self, exchange: Exchange, task: Task, document: dict[str, Any], poll_after_ms: int
    ) -> Answer:
        """Return an answer about a task, in its dialect, with a proposal when to ask for it again."""
        pictures = task.request.images
        if exchange.format == "openai":  # their names only
            pictures = tuple(f"{self.links_url}/{task.token}/{quote(name)}" for name in pictures)
        translate = partial(
            task.dialect.translate,
            pictures=pictures,
            thumbnail=self._thumbnail(task),
            request_id=exchange.request_id,
        )
        headers = {"openai-poll-after-ms": str(poll_after_ms)}
        return Answer(200, document, translate=translate, headers=headers)

    async def _query(self, exchange: Exchange) -> Answer:
        request = exchange.request
        task_id = request.path_params.get("id") or request.query_params.get("id", "")
        missing = Refusal(
            400, f"task {task_id!r} does not exist", code="task_not_exist", shape="flat"
        )
        task = self._find(task_id, missing)
        if task.request.format != exchange.format:
            raise missing
        await task.until_rendered()
        state = task.state()
        link = self._link(exchange, task, state)
        if exchange.format == "unified":
            document = unified_task(task, state, link, self._thumbnail(task))
        else:
            document = openai_task(task, state, link if task.dialect.links_always else None)
        return self._answer_about(exchange, task, document, self.settings.poll_after_ms)

    def _find(self, task_id: str, missing: Refusal) -> Task:
        """Return a task, or raise what is said of one that is missing."""
        task = self.tasks.find(task_id)
        if task is None:
            raise missing
        if task.late("task", NOT_FOUND_SECONDS, task.created_at):
            missing.status = task.dialect.draw("not found", NOT_FOUND)
            raise missing
        return task

    def _link(self, exchange: Exchange, task: Task, state: TaskState) -> str:
        """Return the link to a completed task's video; empty while it is late."""
        if state.status != COMPLETED or task.late("link", NO_LINK_SECONDS, state.since):
            return ""
        return task.dialect.link.form.format(
            gateway=str(exchange.request.base_url).rstrip("/"),
            links=self.links_url,
            token=task.token,
            id=quote(task.id, safe=""),
        )

    def _thumbnail(self, task: Task) -> str:
        return f"{self.links_url}/{task.token}/thumbnail.jpg"

    async def _content(self, exchange: Exchange) -> Answer:
        missing = Refusal(404, "Task not found", code="task_not_found", param="id")
        task = self._find(exchange.request.path_params["id"], missing)
        status = task.state().status
        if status == FAILED:
            raise Refusal(400, f"Task failed: {task.failure}", code="task_failed", param="id")
        if status != COMPLETED:
            message = f"Task is not completed yet, its status is {status}"
            raise Refusal(400, message, code="task_not_completed", param="id")
        link = DOCUMENTED_LINK.form.format(links=self.links_url, token=task.token)
        return replace(self._file(exchange, task), link=link)

    async def _own_file(self, exchange: Exchange) -> Answer:
        await self._interrupt(exchange, "arrival")
        self._authenticate(exchange.request)
        await self._interrupt(exchange, "read")
        return self._linked_file(exchange)

    def _refused(self, exchange: Exchange, refusal: Refusal) -> Answer:
        """Return a refusal; a relay passes on with status 200 what the platform behind it refuses."""
        answer = refusal.answer(exchange.request_id)
        relayed = "relay" in self.settings.dialects.names and exchange.step != "other"
        if not relayed or refusal.shape == "plain" or answer.status in _GATEWAYS_OWN:
            return answer
        dialect = self._dialect(next(self.refusals))
        return Answer(200, dialect.refusal(answer.status, refusal.code, str(refusal)))

    async def _unknown_url(self, exchange: Exchange) -> Answer:
        request = exchange.request
        message = f"Invalid URL ({request.method} {request.url.path})"
        raise Refusal(404, message, code="not_found")


@dataclass(frozen=True, slots=True)
class LinkHost(_Application):
    """Another party's host for finished files, under unguessable paths, which must never see the key."""

    origin: ClassVar[Origin] = "links"

    def app(self) -> Starlette:
        """Return the host as an ASGI application."""
        endpoint = partial(self._endpoint, "link", request_id="")
        return Starlette(
            routes=[
                Route("/{token}/video.mp4", endpoint(self._video)),
                Route("/{token}/thumbnail.jpg", endpoint(self._thumbnail, faulty=False)),
            ],
            exception_handlers={404: endpoint(self._unknown_path, faulty=False)},
        )

    async def _video(self, exchange: Exchange) -> Answer:
        await self._interrupt(exchange, "arrival", "read")
        self._refuse_key(exchange.request)
        return self._linked_file(exchange)

    async def _thumbnail(self, exchange: Exchange) -> Answer:
        self._refuse_key(exchange.request)
        path = self._linked(exchange.request).clip.result()
        return Answer(200, path.with_suffix(".jpg"), "image/jpeg")

    async def _unknown_path(self, exchange: Exchange) -> Answer:
        self._refuse_key(exchange.request)
        raise Refusal(404, "No such file, or no longer.", shape="plain")

    def _refuse_key(self, request: Request) -> None:
        if "authorization" in request.headers:
            self.ledger.key_leaks += 1
            message = "This is another host than the gateway: never send it the API key."
            raise Refusal(400, message, shape="plain")


async def _internal_error(_: Request, error: Exception) -> Response:
    """Say a bug of the sandbox in one line; uvicorn logs all of it."""
    request_id = new_request_id()
    refusal = Refusal(500, f"the sandbox broke: {error!r}", code="sandbox_error")
    return refusal.answer(request_id).response(request_id)
