"""Answers and refusals, in the shapes that the API uses."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from chainhub_sandbox.tasks import COMPLETED, FAILED, Moment, Task

MARKS = ((b"server", b"chainhub-sandbox"), (b"x-chainhub-sandbox", b"1"))
"""Headers of every answer, so that it is told from production at a glance."""

_INVALID_TOKEN_ZH = "无效的令牌"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway has decided to say, before it is put on the wire.

    Attributes:
        status: the HTTP status.
        body: a JSON document, or None where a file or text is sent.
        file: the file to send instead of JSON.
        text: what to send instead of JSON.
        media_type: of the file or the text.
        headers: further headers.
        link: where else the file is; only faults say so.
    """

    status: int
    body: Mapping[str, Any] | None = None
    file: Path | None = None
    text: str | None = None
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    link: str = ""

    def response(self) -> Response:
        """The answer on the wire; a file is streamed, and knows Range, ETag and HEAD."""
        if self.file is not None:
            return FileResponse(self.file, self.status, self.headers, self.media_type)
        if self.text is not None:
            return Response(self.text.encode("utf-8"), self.status, self.headers, self.media_type)
        content = json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))
        return Response(content.encode("utf-8"), self.status, self.headers, self.media_type)


class Refusal(Exception):
    """A request that is answered with an error.

    Args:
        status: the HTTP status.
        message: one line; the request id is appended when it is sent.
        code: the machine's word for it, as in `model_not_found`.
        param: the field it is about.
        flat: shape 2, `{"code", "message", "data"}`, instead of `{"error": {…}}`.
    """

    def __init__(
        self, status: int, message: str, *, code: str, param: str = "", flat: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param
        self.flat = flat

    def answer(self, request_id: str) -> Answer:
        """The refusal as an answer to one request."""
        message = f"{self.message} (request id: {request_id})"
        if self.flat:
            return Answer(self.status, {"code": self.code, "message": message, "data": None})
        error: dict[str, Any] = {
            "message": message,
            "type": "invalid_request_error" if self.status < 500 else "api_error",
            "param": self.param,
            "code": self.code,
        }
        if self.status == HTTPStatus.UNAUTHORIZED:
            error["message_zh"] = f"{_INVALID_TOKEN_ZH} (request id: {request_id})"
        return Answer(self.status, {"error": error})


def bad_field(name: str, message: str) -> Refusal:
    """A 400 that names the field."""
    return Refusal(400, f"{name}: {message}", code="invalid_request", param=name)


_LONGEST_REFERENCE = 200
_MODE = re.compile(r"--mode=(\w+)")


def openai_document(task: Task) -> dict[str, Any]:
    """The answer to create and query in the OpenAI format: times in seconds, whole percents."""
    moment = task.moment()
    document: dict[str, Any] = {
        "id": task.id,
        "object": "video",
        "model": task.model,
        "status": moment.status,
        "progress": int(moment.progress * 100),
        "created_at": int(task.created_at),
        "seconds": task.seconds,
        "size": task.size,
    }
    if moment.status == COMPLETED:
        document["completed_at"] = int(moment.since)
    if moment.status == FAILED:
        document["error"] = {"code": "generation_failed", "message": task.failure}
    return document


def unified_receipt(task: Task) -> dict[str, Any]:
    """The answer to create in the unified format."""
    return _stand(task, task.moment())


def _stand(task: Task, moment: Moment) -> dict[str, Any]:
    return {
        "id": task.id,
        "status": moment.status,
        "status_update_time": int(moment.since * 1000),
    }


def video_link(task: Task, links_url: str) -> str:
    """Where the second origin serves a task's video."""
    return f"{links_url}/{task.token}/video.mp4"


def unified_document(task: Task, links_url: str) -> dict[str, Any]:
    """The answer to a query in the unified format: times in milliseconds.

    A running task carries the empty placeholders of the real one, and says its progress as a
    fraction deep inside `detail`; the links come with the last state only.

    Args:
        task: the task.
        links_url: the origin that serves the finished files.
    """
    moment = task.moment()
    completed, failed = moment.status == COMPLETED, moment.status == FAILED
    mode = _MODE.search(task.prompt)
    detail: dict[str, Any] = {
        "id": task.id,
        "model": task.model,
        "status": moment.status,
        "images": [{"url": reference[:_LONGEST_REFERENCE]} for reference in task.images],
        "pending_info": None if completed or failed else {"progress_pct": moment.progress},
    }
    document = _stand(task, moment) | {
        "model": task.model,
        "video_url": video_link(task, links_url) if completed else "",
        "thumbnail_url": f"{links_url}/{task.token}/thumbnail.jpg" if completed else "",
        "ratio": task.ratio,
        "prompt": task.prompt,
        "enhanced_prompt": f"{task.prompt} [sandbox test clip]" if completed else "",
        "created_at": int(task.created_at * 1000),
        "completed_at": int(moment.since * 1000) if completed else 0,
        "trace_id": task.trace_id,
        "upscaled": completed,
        "mode": mode[1] if mode else "normal",
        "type": "image_to_video" if task.images else "text_to_video",
        "error": {"code": "", "message": ""},
        "detail": detail,
    }
    if failed:
        document["error"] = {"code": "generation_failed", "message": task.failure}
        detail["failure_reason"] = task.failure
    return document
