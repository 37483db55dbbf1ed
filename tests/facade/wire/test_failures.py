"""How an error answer becomes an error: by status, code and words, in every shape that gateways and proxies have."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from chainhub_video import (
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
from chainhub_video.io import Reply
from chainhub_video.text import shorten
from chainhub_video.wire.failures import error_for, read_success, retry_after_of

ID = "20261121093000123456789AbCdEfGh"
SAID = f"the words (request id: {ID})"


def _shape_1(code: str | None) -> dict[str, Any]:
    error = {"message": SAID, "message_zh": "话", "type": "new_api_error", "param": ""}
    return {"error": error | ({"code": code} if code else {})}


def _shape_2(code: str | None) -> dict[str, Any]:
    return {"code": code or "some_code", "message": SAID, "data": None}


CASES: list[tuple[int, str | None, type[APIError]]] = [
    (400, None, APIError),
    (400, "task_not_exist", NotFound),
    (400, "fail_to_fetch_task", APIError),
    (401, "invalid_api_key", AuthenticationError),
    (402, None, QuotaExhausted),
    (403, None, PermissionDenied),
    (403, "insufficient_user_quota", QuotaExhausted),
    (403, "pre_consume_token_quota_failed", QuotaExhausted),
    (404, None, NotFound),
    (409, None, APIError),
    (413, None, RequestTooLarge),
    (422, None, APIError),
    (429, None, RateLimited),
    (429, "insufficient_user_quota", QuotaExhausted),
    (500, None, ServerError),
    (500, "insufficient_user_quota", ServerError),
    (502, None, ServerError),
    (503, None, ServerError),
    (503, "model_not_found", ModelUnavailable),
    (500, "model_not_found", ServerError),
    (524, None, ServerError),
]


def test_both_json_shapes_become_the_mapped_error() -> None:
    """Status and code choose the class; code, words and request id are found in either shape."""
    for shape, default in ((_shape_1, "new_api_error"), (_shape_2, "some_code")):
        for status, code, kind in CASES:
            error = error_for(Reply(status, {"retry-after": "7"}, json.dumps(shape(code)).encode()))
            assert type(error) is kind, (status, code)
            assert (error.status_code, error.code) == (status, code or default)
            assert (error.message, error.request_id, error.retry_after) == (SAID, ID, 7.0)
            assert json.loads(error.body) == shape(code)
            assert f"HTTP {status}" in str(error)
            assert ID in str(error)
            assert "\n" not in str(error)


def test_no_json_at_all_becomes_the_mapped_error() -> None:
    """A proxy's page or an empty body still gives class and status; the page's words come without its markup."""
    for body in ("", "<html><head><style>b{}</style><title>Bad gateway</title>", "plain"):
        error = error_for(Reply(502, {"x-oneapi-request-id": "from-the-header"}, body.encode()))
        assert type(error) is ServerError
        assert (error.request_id, error.code) == ("from-the-header", None)
        assert "<" not in str(error)
        assert "b{}" not in str(error)
        assert ("Bad gateway" in str(error)) == ("Bad gateway" in body)


def test_any_json_becomes_the_mapped_error() -> None:
    """No value in an error body, of whatever type, raises anything else."""
    documents: list[Any] = [
        None, [], 7, "text", {}, {"error": None}, {"error": []}, {"error": {"message": None}},
        {"error": {"message": {"deep": 1}, "code": 7}}, {"code": 7, "message": 8},
        {"error": "just text"}, {"detail": [{"loc": ["body"]}]}, {"error": {"code": ""}},
    ]  # fmt: skip
    for document in documents:
        error = error_for(Reply(403, {}, json.dumps(document).encode()))
        assert type(error) is PermissionDenied, document
        assert error.code in (None, "7")  # a number is taken as text


def test_an_answer_against_the_specification_is_kept() -> None:
    """`UnexpectedResponse` has the status and the body of what could not be read."""
    for status, body, words in (
        (200, b"<html><title>Hello</title></html>", "no JSON .*: Hello"),
        (200, b"", "with an empty body"),
        (200, b"[1, 2]", "not an object but list"),
        (302, b"{}", "status 302 instead of an answer"),
    ):
        with pytest.raises(UnexpectedResponse, match=words) as raised:
            read_success(Reply(status, {}, body))
        assert (raised.value.status_code, raised.value.body) == (status, body.decode())


def test_a_foreign_message_is_one_short_line() -> None:
    """Line breaks, control characters and endless words of a server do not reach the message, from no place."""
    said = "a\r\nb\x1b[31m\u202e" + "x\r\n\x1b[31m" * 100_000
    for told, headers, most in (
        ({"message": said}, {}, 500),
        ({"message": said, "code": said}, {"x-oneapi-request-id": said}, 700),
    ):
        error = error_for(Reply(400, headers, json.dumps({"error": told}).encode()))
        assert error.code == told.get("code")
        assert str(error).isprintable()
        assert len(str(error)) < most
        assert len(error.body) <= 4000
    assert shorten("  a \n b ") == "a b"


def test_retry_after_is_read_in_both_forms() -> None:
    """Seconds or a date, never below 0; anything else is as if it were not there."""
    for value, seconds in (
        ("7", 7.0), ("0", 0.0), ("0.5", 0.5), ("-3", 0.0), ("", None), ("soon", None), ("nan", None),
        ("inf", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 01 Jan 1970 00:00:00 -0000", None),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
    ):  # fmt: skip
        assert retry_after_of({"retry-after": value}) == seconds, value
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    left = retry_after_of({"retry-after": moment})
    assert left is not None
    assert 95 < left <= 100
