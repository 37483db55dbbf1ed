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
from chainhub_video.text import shorten
from chainhub_video.wire.answers import QUOTA_CODES, error_in, number_of, refused_status

if TYPE_CHECKING:
    from chainhub_video.io import Reply

_KEPT = 4000  # characters of a body that an error keeps
_NAMED = 100  # characters of a foreign code or id that go into a message
_DEEPEST = 100  # levels of an answer; more could not be written or compared again

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


def read_error_body(body: bytes) -> tuple[str | None, str]:
    """Return the code of an error body, or None, and its message, or "", whatever shape it has."""
    try:
        answer = load_json(body)
    except ValueError:
        return None, _plain(body)
    code, message = error_in(answer)
    return code, message or ""


def stated_refusal(reply: Reply) -> Reply:
    """Return a successful answer as the refusal that its body says it is; any other answer as it is."""
    try:
        stated = refused_status(load_json(reply.body)) if 200 <= reply.status < 300 else None
    except ValueError:
        return reply
    return reply if stated is None else attrs.evolve(reply, status=stated, arrived_as=reply.status)


def error_for(reply: Reply) -> APIError:
    """Return the error that an answer with an error status stands for."""
    code, message = read_error_body(reply.body)
    kind, advice = _kind(reply.status, code)
    request_id = request_id_of(reply)
    said = shorten(message)
    where = f"HTTP {reply.arrived_as or reply.status}"
    where += (f" {shorten(code, _NAMED)}" if code else "") + (
        f", request id {request_id}" if request_id else ""
    )
    return kind(
        f"{advice} ({where})" + (f": {said}" if said else ""),
        status_code=reply.status,
        code=code,
        detail=said,
        request_id=request_id,
        body=reply.body[:_KEPT].decode("utf-8", "replace"),
        retry_after=retry_after_of(reply.headers),
    )


def request_id_of(reply: Reply) -> str | None:
    """Return what to quote to the vendor's support, if the gateway gave it."""
    if told := shorten(reply.headers.get("x-oneapi-request-id", ""), _NAMED):
        return told
    named = _REQUEST_ID.search(reply.body[:_KEPT].decode("utf-8", "replace"))
    return shorten(named[1], _NAMED) if named else None


def read_success(reply: Reply, secret: str = "") -> dict[str, Any]:
    """Return the JSON object of a successful answer, also if it came as a list of one.

    Args:
        reply: the answer.
        secret: what must not stand in an error, even if the server repeats it.

    Raises:
        APIError: the status is 4xx or 5xx, or the body says so.
        UnexpectedResponse: any other status than 2xx, or a body that is not a JSON object.
    """
    try:
        return _object_in(reply)
    except (APIError, UnexpectedResponse):
        return _object_in(reply.without(secret))


def _object_in(reply: Reply) -> dict[str, Any]:
    if reply.status >= 400:
        raise error_for(reply)
    if not 200 <= reply.status < 300:
        raise unexpected(reply, f"status {reply.status} instead of an answer")
    try:
        answer = load_json(reply.body)
    except ValueError as error:
        raise unexpected(reply, f"no JSON ({error})") from error
    if isinstance(answer, list) and len(answer) == 1:
        answer = answer[0]
    if not isinstance(answer, dict):
        raise unexpected(reply, f"JSON that is not an object but {type(answer).__name__}")
    if (stated := refused_status(answer)) is not None:
        raise error_for(attrs.evolve(reply, status=stated, arrived_as=reply.status))
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
    """Return what a JSON text says; what lies deeper than an answer can be written again is left out.

    Raises:
        ValueError: it is not JSON, or is nested too deeply to be read.
    """
    try:
        value = json.loads(body, parse_int=_integer)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if body.count(b"{") + body.count(b"[") > _DEEPEST:
        _prune(value)
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


def _prune(value: Any) -> None:
    """Empty the objects and lists of a JSON value at the deepest level that is kept; walks without recursion."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            each
            for outer in level
            for each in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(each, (dict, list))
        ]
    for each in level:
        each.clear()


def _plain(body: bytes) -> str:
    """Return the words of a body that is not JSON, an HTML page's title and text among them."""
    text = body[:_KEPT].decode("utf-8", "replace")
    if text.lstrip()[:1] == "<":
        text = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
    return text
