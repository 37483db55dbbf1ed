"""Answers and refusals, in the shapes the gateway's family uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

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
