"""Turn an answer that is not a success into an error that says what to do next. Pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import attrs

from chainhub_video.errors import (
    APIError,
    AuthenticationError,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    RequestTooLarge,
    ServerError,
    UnexpectedResponse,
)
from chainhub_video.wire.answers import number_of, text_at

if TYPE_CHECKING:
    from chainhub_video.io import Reply

_SHOWN = 300  # characters of a foreign message that go into ours
_KEPT = 4000  # characters of a body that an error keeps
_NAMED = 100  # characters of a foreign code or id that go into a message
_DEEPEST = 100  # levels of an answer; more could not be written or compared again

QUOTA_CODES = frozenset({"insufficient_user_quota", "pre_consume_token_quota_failed"})
_CODE_PLACES = ("error.code", "code", "error.type")
_MESSAGE_PLACES = ("error.message", "message", "error", "error.message_zh", "detail")
_REQUEST_ID = re.compile(r"\(request id: ([\w-]+)\)")

_BY_STATUS: Mapping[int, tuple[type[APIError], str]] = {
    401: (AuthenticationError, "the gateway refused the key: check CHAINHUB_API_KEY"),
    402: (QuotaExhausted, "the account's quota is used up: top it up at the vendor"),
    403: (PermissionDenied, "the key may not do this: check its group and models at the vendor"),
    404: (NotFound, "the gateway does not know this: check the id and base_url"),
    413: (RequestTooLarge, "the request is too large: use a smaller picture"),
    429: (RateLimited, "too many requests: wait, then try again"),
}
_QUOTA = _BY_STATUS[402]
_UNKNOWN_TASK = (NotFound, "the gateway does not know this task: check the id and its format")
_NO_CHANNEL = (ModelUnavailable, "the gateway cannot serve this model now: try later, or another")
_SERVER = (ServerError, "the gateway or a proxy in front of it failed")
_OTHER = (APIError, "the gateway refused the request")


@attrs.frozen
class ErrorBody:
    """What an error body says, whichever of its three shapes it has.

    Attributes:
        code: the gateway's word for the error, or None.
        message: the gateway's message, or "".
    """

    code: str | None
    message: str


def read_error_body(body: bytes) -> ErrorBody:
    """Read an error body: `{"error": {…}}`, `{"code", "message"}`, or no JSON at all."""
    try:
        answer = load_json(body)
    except ValueError:
        return ErrorBody(None, _plain(body))
    code = text_at(answer, _CODE_PLACES)
    return ErrorBody(code, text_at(answer, _MESSAGE_PLACES) or "")


def error_for(reply: Reply) -> APIError:
    """Return the error that an answer with an error status stands for."""
    complaint = read_error_body(reply.body)
    kind, advice = _kind(reply.status, complaint.code)
    named = _REQUEST_ID.search(complaint.message)
    told = shorten(reply.headers.get("x-oneapi-request-id", ""), _NAMED)
    request_id = told or (shorten(named[1], _NAMED) if named else None)
    said = shorten(complaint.message)
    code = f" {shorten(complaint.code, _NAMED)}" if complaint.code else ""
    where = f"HTTP {reply.status}{code}" + (f", request id {request_id}" if request_id else "")
    return kind(
        f"{advice} ({where})" + (f": {said}" if said else ""),
        status_code=reply.status,
        code=complaint.code,
        detail=said,
        request_id=request_id,
        body=reply.body[:_KEPT].decode("utf-8", "replace"),
        retry_after=retry_after_of(reply.headers),
    )


def read_success(reply: Reply) -> dict[str, Any]:
    """Return the JSON object of a successful answer.

    Raises:
        APIError: the status is 4xx or 5xx.
        UnexpectedResponse: any other status than 2xx, or a body that is not a JSON object.
    """
    if reply.status >= 400:
        raise error_for(reply)
    if not 200 <= reply.status < 300:
        raise unexpected(reply, f"status {reply.status} instead of an answer")
    try:
        answer = load_json(reply.body)
    except ValueError as error:
        raise unexpected(reply, f"no JSON ({error})") from error
    if not isinstance(answer, dict):
        raise unexpected(reply, f"JSON that is not an object but {type(answer).__name__}")
    return answer


def unexpected(reply: Reply, what: str) -> UnexpectedResponse:
    """Return the error for an answer that the specification does not foresee."""
    seen = shorten(_plain(reply.body))
    return UnexpectedResponse(
        f"the gateway's answer is {what}" + (f": {seen}" if seen else ", with an empty body"),
        status_code=reply.status,
        body=reply.body[:_KEPT].decode("utf-8", "replace"),
    )


def load_json(body: bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        ValueError: it is not JSON, or is nested too deeply.
    """
    try:
        value = json.loads(body, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if body.count(b"{") + body.count(b"[") > _DEEPEST and _too_deep(value):
        raise ValueError("nested too deeply")
    return value


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as seconds or as a date, or None."""
    value = headers.get("retry-after", "").strip()
    seconds = number_of(value)
    if seconds is None and value:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if seconds is None else max(0.0, seconds)


def poll_after_of(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `openai-poll-after-ms` proposes, or None."""
    milliseconds = number_of(headers.get("openai-poll-after-ms"))
    return None if milliseconds is None or milliseconds < 0 else milliseconds / 1000


def shorten(text: str, limit: int = _SHOWN) -> str:
    """Return foreign text on one line, cut to what a message can carry."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * limit]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _kind(status: int, code: str | None) -> tuple[type[APIError], str]:
    if code in QUOTA_CODES and 400 <= status < 500:
        return _QUOTA
    if code == "task_not_exist":
        return _UNKNOWN_TASK
    if status == 503 and code == "model_not_found":
        return _NO_CHANNEL
    if status >= 500:
        return _SERVER
    return _BY_STATUS.get(status, _OTHER)


def _integer(digits: str) -> int | str:
    """Return an integer, or its digits where Python refuses to read so many: the rest of the answer counts."""
    try:
        return int(digits)
    except ValueError:
        return digits


def _too_deep(value: Any) -> bool:
    """Return whether a JSON value has more levels than an answer may have; walks without recursion."""
    level = [value]
    for _ in range(_DEEPEST):
        inner = [each for each in level if isinstance(each, (dict, list))]
        level = [
            each
            for outer in inner
            for each in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _plain(body: bytes) -> str:
    """Return the words of a body that is not JSON, an HTML page's title and text among them."""
    text = body[:_KEPT].decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
    return text
