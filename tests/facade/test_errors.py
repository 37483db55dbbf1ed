"""What went wrong, told as one small tree of errors that carry what their handlers need."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import chainhub_video
import pytest
from chainhub_video import (
    APIError,
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    QuotaExhausted,
    RateLimited,
    RequestTooLarge,
    ServerError,
    TaskFailed,
    UnexpectedResponse,
    VideoTask,
    WaitTimeout,
)
from chainhub_video.io import Reply
from chainhub_video.text import shorten
from chainhub_video.wire.failures import error_for, retry_after_of

from tests.support.answering import page, say, tell
from tests.support.scripted import Gateway
from tests.support.wires import Wire

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


@pytest.mark.parametrize("shape", [_shape_1, _shape_2])
@pytest.mark.parametrize(("status", "code", "kind"), CASES)
def test_both_json_shapes_become_the_mapped_error(
    shape: Any, status: int, code: str | None, kind: type[APIError]
) -> None:
    """Status and code choose the class; code, words and request id are found in either shape."""
    error = error_for(Reply(status, {"retry-after": "7"}, json.dumps(shape(code)).encode()))
    assert type(error) is kind
    assert error.status_code == status
    assert error.code == (code or ("new_api_error" if shape is _shape_1 else "some_code"))
    assert error.message == SAID
    assert error.request_id == ID
    assert error.retry_after == 7.0
    assert json.loads(error.body) == shape(code)
    assert f"HTTP {status}" in str(error)
    assert ID in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "body", ["", "<html><head><style>b{}</style><title>Bad gateway</title>", "plain"]
)
def test_no_json_at_all_becomes_the_mapped_error(body: str) -> None:
    """A proxy's page or an empty body still gives class and status; the page's words come without its markup."""
    error = error_for(Reply(502, {"x-oneapi-request-id": "from-the-header"}, body.encode()))
    assert type(error) is ServerError
    assert error.request_id == "from-the-header"
    assert error.code is None
    assert "<" not in str(error)
    assert "b{}" not in str(error)
    assert ("Bad gateway" in str(error)) == ("Bad gateway" in body)


@pytest.mark.parametrize(
    "document",
    [
        None, [], 7, "text", {}, {"error": None}, {"error": []}, {"error": {"message": None}},
        {"error": {"message": {"deep": 1}, "code": 7}}, {"code": 7, "message": 8},
        {"error": "just text"}, {"detail": [{"loc": ["body"]}]}, {"error": {"code": ""}},
    ],
)  # fmt: skip
def test_any_json_becomes_the_mapped_error(document: Any) -> None:
    """No value in an error body, of whatever type, raises anything else."""
    error = error_for(Reply(403, {}, json.dumps(document).encode()))
    assert type(error) is PermissionDenied
    assert error.code in (None, "7")  # a number is taken as text


def test_a_foreign_message_is_one_short_line() -> None:
    """Line breaks, control characters and endless words of a server do not reach the message."""
    said = "a\r\nb\x1b[31m\u202e" + "x" * 100_000
    error = error_for(Reply(400, {}, json.dumps({"error": {"message": said}}).encode()))
    assert str(error).isprintable()
    assert len(str(error)) < 500
    assert len(error.body) <= 4000
    assert shorten("  a \n b ") == "a b"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("0.5", 0.5), ("-3", 0.0), ("", None), ("soon", None), ("nan", None),
     ("inf", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0), ("Thu, 01 Jan 1970 00:00:00 -0000", None),
     ("Thu, 99 Jan 1970 00:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    """Seconds or a date, never below 0; anything else is as if it were not there."""
    assert retry_after_of({"retry-after": value}) == seconds


def test_retry_after_in_the_future() -> None:
    """A date that lies ahead gives the seconds until then."""
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    seconds = retry_after_of({"retry-after": moment})
    assert seconds is not None
    assert 95 < seconds <= 100


TASK = VideoTask(id="video_1", format="openai", raw={"id": "video_1", "detail": {"x": [1]}})


def _every_class() -> list[type[ChainHubError]]:
    return [
        kind
        for kind in vars(chainhub_video).values()
        if inspect.isclass(kind) and issubclass(kind, ChainHubError)
    ]


def _made(kind: type[ChainHubError]) -> ChainHubError:
    """An error of a class with every attribute set to something."""
    accepted = inspect.signature(kind).parameters
    values: dict[str, Any] = {
        "task": TASK, "status_code": 429, "code": "c", "detail": "d", "request_id": "r",
        "body": "b", "retry_after": 1.5, "reason": "why", "url": "https://h/x",
    }  # fmt: skip
    return kind("the message", **{n: v for n, v in values.items() if n in accepted})


@pytest.mark.parametrize("kind", _every_class(), ids=lambda kind: kind.__name__)
def test_every_error_survives_pickle_and_copy(kind: type[ChainHubError]) -> None:
    """An error crosses processes with its message, its attributes, its notes and its task."""
    error = _made(kind)
    error.add_note("a note")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == "the message"
        assert vars(again) == vars(error)
        assert again.task == TASK


def test_the_docstring_draws_the_whole_tree() -> None:
    """Every class of the tree stands in the drawing of its module, below its base, and is documented."""
    drawing = inspect.getdoc(chainhub_video.errors) or ""
    for kind in _every_class():
        assert kind.__name__ in drawing
        assert kind.__doc__
        assert kind.__module__ == "chainhub_video.errors"


def test_a_task_is_attached_once() -> None:
    """`about` names the id in the message unless it is there, and keeps a task that an error has."""
    error = ServerError("it broke").about(TASK)
    assert str(error) == "it broke (task video_1)"
    assert str(error.about(VideoTask(id="other", format="openai"))) == "it broke (task video_1)"
    assert str(ServerError("video_1 broke").about(TASK)) == "video_1 broke"


@pytest.mark.parametrize("end", ["failed", "401", "running", "no link", "dead link", "bad video"])
def test_every_error_after_a_create_carries_the_task(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, tmp_path: Path, end: str
) -> None:
    """However `generate` ends badly, the paid task is in the error, and its id in the message."""
    gateway.on("create", tell(wire.created()))
    link = f"{elsewhere.url}/x.mp4"
    gateway.on(
        "query",
        {
            "failed": tell(wire.seen("failed", fail_reason="moderation")),
            "401": tell({"error": {"message": "no"}}, 401),
            "running": tell(wire.seen()),
            "no link": tell(wire.seen("completed")),
        }.get(end, tell(wire.seen("completed", video_url=link))),
    )
    gateway.on("content", tell({"error": {"message": "gone"}}, 404))
    elsewhere.on("/x.mp4", say(404) if end == "dead link" else page(200))
    if end == "running":
        gateway.on("query", tell(wire.seen()))
    kinds: dict[str, tuple[type[ChainHubError], ...]] = {
        "failed": (TaskFailed,),
        "401": (AuthenticationError,),
        "running": (WaitTimeout,),
        "no link": (DownloadFailed, NotFound),
        "dead link": (DownloadFailed, NotFound),
        "bad video": (DownloadFailed,),
    }
    timeout = 0.2 if end == "running" else 5
    with pytest.raises(kinds[end], match=wire.task_id) as raised:
        wire.generate(hub, save_to=tmp_path / "x.mp4", timeout=timeout)
    assert raised.value.task is not None
    assert raised.value.task.id == wire.task_id
    assert gateway.count("create") == 1
    assert not (tmp_path / "x.mp4").exists()


def test_an_answer_against_the_specification_is_kept(
    hub: Any, wire: Wire, gateway: Gateway
) -> None:
    """`UnexpectedResponse` has the status and the body of what could not be read."""
    gateway.on("query", say(200, "<html><title>Hello</title></html>"))
    with pytest.raises(UnexpectedResponse, match="Hello") as raised:
        hub.videos.retrieve(wire.task())
    assert (raised.value.status_code, raised.value.body[:6]) == (200, "<html>")
