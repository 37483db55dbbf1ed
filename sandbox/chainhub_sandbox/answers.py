"""Answers, refusals and a task's state, in the shapes that the API documents."""

from __future__ import annotations

import json
import random
import re
import string
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from starlette.responses import FileResponse, Response

from chainhub_sandbox.tasks import COMPLETED, FAILED, Task, TaskState

Shape = Literal["error", "flat", "plain"]

_LONGEST_REFERENCE = 200
_MODE = re.compile(r"--mode=(\w+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is sent.

    Attributes:
        status: the HTTP status.
        content: a JSON document, a text, or the path of a file.
        media_type: of the content.
        headers: further headers.
        link: where else the file is; only faults tell of it.
        translate: makes what is sent of a JSON document.
    """

    status: int
    content: Mapping[str, Any] | str | Path
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    link: str = ""
    translate: Callable[[Mapping[str, Any]], Any] | None = None

    def response(self, request_id: str = "") -> Response:
        """Return the response; one of a file knows Range, If-Range, ETag and HEAD."""
        headers = {**self.headers, **({"X-Oneapi-Request-Id": request_id} if request_id else {})}
        if isinstance(self.content, Path):
            return FileResponse(self.content, self.status, headers, self.media_type)
        content: Any = self.content
        if not isinstance(content, str):
            content = self.translate(content) if self.translate else content
            content = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return Response(content, self.status, headers, self.media_type)


def text_answer(text: str, status: int, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer of plain text."""
    return Answer(status, text, "text/plain", headers or {})


class Refusal(Exception):
    """A request that is answered with an error.

    Args:
        status: the HTTP status.
        message: one line; the request id is appended when it is sent.
        code: for programs, as in `model_not_found`.
        param: the field it is about.
        shape: `error` for `{"error": {…}}`, `flat` for `{"code", "message", "data"}`, or `plain`.
    """

    def __init__(
        self, status: int, message: str, code: str = "", param: str = "", shape: Shape = "error"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
        self.shape = shape

    def answer(self, request_id: str) -> Answer:
        """Return the answer to one request."""
        if self.shape == "plain":
            return text_answer(f"{self}\n", self.status)
        suffix = f" (request id: {request_id})" if request_id else ""
        message = f"{self}{suffix}"
        if self.shape == "flat":
            return Answer(self.status, {"code": self.code, "message": message, "data": None})
        error = {
            "message": message,
            "type": "invalid_request_error" if self.status < 500 else "api_error",
            "param": self.param,
            "code": self.code,
        }
        if self.status == HTTPStatus.UNAUTHORIZED:
            error["message_zh"] = f"无效的令牌{suffix}"
        return Answer(self.status, {"error": error})


def bad_field(name: str, message: str) -> Refusal:
    """Return a refusal with status 400 that names the field."""
    return Refusal(400, f"{name}: {message}", code="invalid_request", param=name)


def new_request_id() -> str:
    """Return a time and random letters, the form that this family of gateways uses."""
    tail = "".join(random.choices(string.ascii_letters + string.digits, k=14))
    return f"{time.strftime('%Y%m%d%H%M%S', time.gmtime())}{tail}"


def openai_task(task: Task, state: TaskState, link: str | None = None) -> dict[str, Any]:
    """Return the answer to create and query in the OpenAI format: times in seconds, whole percents.

    Args:
        task: the task.
        state: where it is.
        link: to the video of a completed task; None for none.
    """
    request = task.request
    document: dict[str, Any] = {
        "id": task.id,
        "object": "video",
        "model": request.model,
        "status": state.status,
        "progress": int(state.progress * 100),
        "created_at": int(task.created_at),
        "seconds": request.seconds,
        "size": request.size,
    }
    if state.status == COMPLETED:
        document["completed_at"] = int(state.since)
        if link is not None:
            document["video_url"] = link
    if state.status == FAILED:
        document["error"] = {"code": "generation_failed", "message": task.failure}
    return document


def unified_receipt(task: Task, state: TaskState) -> dict[str, Any]:
    """Return the answer to create in the unified format."""
    since = int(state.since * 1000)
    return {"id": task.id, "status": state.status, "status_update_time": since}


def unified_task(task: Task, state: TaskState, link: str, thumbnail: str) -> dict[str, Any]:
    """Return the answer to a query in the unified format: times in milliseconds.

    A running task has the real one's empty placeholders, and its progress is a fraction in
    `detail`. Only a completed one has links.

    Args:
        task: the task.
        state: where it is.
        link: to the video of a completed task.
        thumbnail: a link to a still of it.
    """
    request = task.request
    completed, failed = state.status == COMPLETED, state.status == FAILED
    mode = _MODE.search(request.prompt)
    error = {
        "code": "generation_failed" if failed else "",
        "message": task.failure if failed else "",
    }
    return unified_receipt(task, state) | {
        "model": request.model,
        "video_url": link if completed else "",
        "thumbnail_url": thumbnail if completed else "",
        "ratio": request.ratio,
        "prompt": request.prompt,
        "enhanced_prompt": f"{request.prompt} [sandbox test clip]" if completed else "",
        "created_at": int(task.created_at * 1000),
        "completed_at": int(state.since * 1000) if completed else 0,
        "trace_id": task.trace_id,
        "upscaled": completed,
        "mode": mode[1] if mode else "normal",
        "type": "image_to_video" if request.images else "text_to_video",
        "error": error,
        "detail": {
            "id": task.id,
            "model": request.model,
            "status": state.status,
            "images": [{"url": reference[:_LONGEST_REFERENCE]} for reference in request.images],
            "pending_info": None if completed or failed else {"progress_pct": state.progress},
            **({"failure_reason": task.failure} if failed else {}),
        },
    }
