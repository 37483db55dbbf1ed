"""Serve the page and carry out its actions, for requests of the page itself only."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from chainhub_sandbox.answers import Refusal
from chainhub_sandbox.control_api import ControlAPI
from chainhub_sandbox.errors import InvalidFault
from chainhub_sandbox.faults import Fault
from chainhub_sandbox.gateway import Gateway
from chainhub_sandbox.origins import PAGE
from chainhub_sandbox.page.creating import Creator, NotCreated
from chainhub_sandbox.page.parts import Draft, Shown
from chainhub_sandbox.page.switches import DIALECTS, PRESETS
from chainhub_sandbox.page.views import page
from chainhub_sandbox.requests import LimitedBody
from chainhub_sandbox.tasks import Task

_SHOWN = 50
_MOST_SHOWN = 1000
_MAX_FORM_BYTES = 33 * 1024 * 1024
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    # Not no-referrer, with which a browser sends its own forms with the origin null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STATIC = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_OWN_SITES = ("same-origin", "none")

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Page:
    """The page of a running sandbox. All methods are for its event loop.

    Attributes:
        gateway: what it shows.
        control: sets the faults.
        url: of the gateway.
    """

    gateway: Gateway
    control: ControlAPI
    url: str

    def routes(self) -> list[Route]:
        """Return the routes of the page, and of what is on it."""
        shown: dict[str, Handler] = {
            "/": self._show,
            f"{PAGE}/videos/{{trace_id}}.mp4": self._video,
            f"{PAGE}/videos/{{trace_id}}.jpg": self._poster,
            f"{PAGE}/pictures/{{trace_id}}/{{index:int}}.jpg": self._picture,
            f"{PAGE}/uploads/{{name}}": self._upload,
            f"{PAGE}/tasks/{{trace_id}}": self._show_task,
            f"{PAGE}/{{name}}": _static,
        }
        done: dict[str, Handler] = {
            f"{PAGE}/create": self._create,
            f"{PAGE}/tasks": self._move,
            f"{PAGE}/faults": self._fault,
            f"{PAGE}/dialects": self._dialect,
        }
        return [
            *(Route(path, _guarded(handle), methods=["POST"]) for path, handle in done.items()),
            *(Route(path, _guarded(handle), methods=["GET"]) for path, handle in shown.items()),
        ]

    # What it shows

    async def _show(self, request: Request) -> Response:
        return self._page(request)

    def _page(self, request: Request, status: int = 200, **changes: Any) -> Response:
        gateway = self.gateway
        tasks = list(enumerate(gateway.tasks, start=1))
        shown = Shown(
            url=self.url,
            api_key=gateway.settings.api_key,
            paid=gateway.ledger.paid,
            received=len(gateway.ledger.requests),
            leaks=gateway.ledger.key_leaks,
            tasks=tasks[: -1 - _wanted(request) : -1],
            count=len(tasks),
            faults=gateway.plan.numbered(),
            dialects=gateway.settings.dialects.names,
            has_thumbnail=lambda source: gateway.renderer.thumbnail(source).exists(),
        )
        content = page(replace(shown, **changes)).encode()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers={"ETag": etag})
        return Response(content, status, {"ETag": etag}, "text/html; charset=utf-8")

    async def _show_task(self, request: Request) -> Response:
        for number, task in enumerate(self.gateway.tasks, start=1):
            if task.trace_id == request.path_params["trace_id"]:
                return self._page(request, tasks=[(number, task)], alone=True)
        return _missing()

    async def _video(self, request: Request) -> Response:
        return self._rendered(request, ".mp4", "video/mp4")

    async def _poster(self, request: Request) -> Response:
        return self._rendered(request, ".jpg", "image/jpeg")

    def _rendered(self, request: Request, suffix: str, media_type: str) -> Response:
        task = self._task(request.path_params["trace_id"])
        if task is None or task.video is None:
            return _missing()
        return FileResponse(task.video.with_suffix(suffix), media_type=media_type)

    async def _picture(self, request: Request) -> Response:
        task, index = self._task(request.path_params["trace_id"]), request.path_params["index"]
        if task is None or index >= len(task.pictures):
            return _missing()
        return _file(self.gateway.renderer.thumbnail(task.pictures[index]), "image/jpeg")

    async def _upload(self, request: Request) -> Response:
        found = self._creator.upload(request.path_params["name"])
        return _missing() if found is None else _file(*found)

    def _task(self, trace_id: str) -> Task | None:
        return next((task for task in self.gateway.tasks if task.trace_id == trace_id), None)

    @property
    def _creator(self) -> Creator:
        return Creator(self.url, self.gateway.settings.api_key, self.gateway.renderer)

    # What it does

    async def _create(self, request: Request) -> Response:
        body = LimitedBody(request.receive)
        body.limit = _MAX_FORM_BYTES
        draft = Draft()
        try:
            async with Request(request.scope, body).form(max_files=1, max_fields=10) as form:
                draft = Draft(**{name: _text(form, name) for name in Draft.__slots__})
                picture = form.get("picture")
                upload = None if picture is None or isinstance(picture, str) else picture
                request_id = await self._creator.create(draft, upload)
        except Refusal as refusal:
            await body.drain()
            return self._page(request, 413, draft=draft, message=f"Not created: {refusal}.")
        except NotCreated as failure:
            return self._page(request, 400, draft=draft, message=str(failure))
        return _back(self._anchor_of(request_id))

    def _anchor_of(self, request_id: str) -> str:
        for received in reversed(self.gateway.ledger.requests):
            if received.request_id == request_id:
                task = self.gateway.tasks.find(received.task_id)
                return f"t-{task.trace_id}" if task else "tasks"
        return "tasks"

    async def _move(self, request: Request) -> Response:
        form = await request.form()
        task = self._task(_text(form, "task"))
        match task, _text(form, "do"):
            case None, _:
                return self._page(request, 404, message="There is no such task.", place="tasks")
            case Task(), "hold":
                task.hold()
            case Task(), "release":
                task.release()
            case Task(), "finish":
                task.finish()
            case Task(), "fail":
                task.fail("failed by hand, on the sandbox's page")
            case _:
                return self._page(request, 400, message="There is no such action.", place="tasks")
        return _back(f"t-{task.trace_id}")

    async def _fault(self, request: Request) -> Response:
        form = await request.form()
        preset = PRESETS.get(_text(form, "preset"))
        if _text(form, "clear"):
            await self.control.clear()
        elif _text(form, "remove").isdecimal():
            self.gateway.plan.remove(int(_text(form, "remove")))
        elif preset is not None:
            for number, fault, _, _ in self.gateway.plan.numbered():
                if fault == preset.fault:
                    self.gateway.plan.remove(number)
            if _text(form, "on"):
                await self.control.set(preset.fault)
        else:
            try:
                fault = Fault.parse(_text(form, "spec").strip())
            except InvalidFault as error:
                return self._page(request, 400, message=f"Not set: {error}.", place="faults")
            if fault.kind == "refuse" and fault.step != "link":
                message = "Not set: refused connections would shut this page, too. Set it by code."
                return self._page(request, 400, message=message, place="faults")
            await self.control.set(fault)
        return _back("faults")

    async def _dialect(self, request: Request) -> Response:
        form = await request.form()
        name, dialects = _text(form, "name"), self.gateway.settings.dialects
        if name not in DIALECTS:
            return self._page(request, 400, message="There is no such dialect.", place="dialects")
        others = dialects.names - {name, "documented"}
        dialects.switch(sorted({*others, name} if _text(form, "on") else others))
        return _back("dialects")


def _guarded(handle: Handler) -> Handler:
    """Answer the page itself only, with the headers that keep it to itself."""

    async def endpoint(request: Request) -> Response:
        refused = _refused(request)
        answer = await handle(request) if refused is None else PlainTextResponse(refused, 403)
        answer.headers.update(_HEADERS)
        return answer

    return endpoint


def _refused(request: Request) -> str | None:
    """Return why a request is refused; a foreign Host or Origin is refused before it comes here."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in _OWN_SITES:
        return (
            "Refused: another page has sent you, or your browser, here.\n"
            "To see the sandbox, type its address into the browser yourself.\n"
        )
    if request.method == "POST" and "origin" not in request.headers and site != "same-origin":
        return (
            "Refused: only the sandbox's own page may send this. "
            "Programs use the API itself, and /_sandbox/faults.\n"
        )
    return None


async def _static(request: Request) -> Response:
    """Return one of the page's own files."""
    name = request.path_params["name"]
    if name not in _STATIC:
        return _missing()
    content = (files("chainhub_sandbox.page") / name).read_bytes()
    return Response(content, media_type=_STATIC[name])


def _file(path: Path, media_type: str) -> Response:
    return FileResponse(path, media_type=media_type) if path.exists() else _missing()


def _missing() -> Response:
    return PlainTextResponse("No such file, or not yet.\n", 404)


def _back(anchor: str) -> Response:
    """Return to the page, so that reloading it repeats nothing."""
    return RedirectResponse(f"/#{anchor}", 303)


def _wanted(request: Request) -> int:
    given = request.query_params.get("show", "")
    wanted = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else 0
    return min(max(wanted, _SHOWN), _MOST_SHOWN)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
