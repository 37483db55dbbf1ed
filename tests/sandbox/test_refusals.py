"""Every refusal the documentation tells of, by status, shape and the field it names."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from typing import Any

import httpx
import pytest

from tests.support.sandbox_caller import KITTEN, Caller


def assert_shape_one(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    """Checks `{"error": {…}}`, the request id in header and message, and words of the message."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert {"message", "type", "code"} <= error.keys()
    assert answer.headers["x-oneapi-request-id"] in error["message"]
    for word in words:
        assert word in error["message"]
    return error


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "sandbox"},
        {"Authorization": "Basic sandbox"},
        {"Authorization": "Bearer"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/videos"),
        ("POST", "/v1/video/create"),
        ("GET", "/v1/videos/video_x"),
        ("GET", "/v1/videos/video_x/content"),
        ("GET", "/v1/video/query?id=x"),
    ],
)
def test_key_is_checked_first(
    caller: Caller, method: str, path: str, headers: dict[str, str]
) -> None:
    """Proves that no operation says anything but 401 without the right key."""
    answer = httpx.request(method, caller.gateway.url + path, headers=headers)
    error = assert_shape_one(answer, 401, "Invalid token")
    assert error["message_zh"]


@pytest.mark.parametrize("field", ["model", "prompt", "seconds", "size", "input_reference"])
def test_missing_form_field(caller: Caller, field: str) -> None:
    """Proves that each required field of the form is missed by name."""
    error = assert_shape_one(caller.create_openai(without=field), 400, field, "required")
    assert error["param"] == field


@pytest.mark.parametrize("field", ["model", "prompt", "aspect_ratio", "size", "images"])
def test_missing_json_field(caller: Caller, field: str) -> None:
    """Proves that each required field of the document is missed by name."""
    error = assert_shape_one(caller.create_unified(without=field), 400, field, "required")
    assert error["param"] == field


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prompt": 5}, ("prompt", "type")),
        ({"prompt": None}, ("prompt", "type")),
        ({"images": "https://example.com/a.png"}, ("images", "type")),
        ({"images": ["https://example.com/a.png", 7]}, ("images[1]", "type")),
        ({"images": ["kitten.png"]}, ("images[0]", "data URI")),
        ({"images": ["file:///etc/passwd"]}, ("images[0]",)),
        ({"images": ["data:image/png;base64,????"]}, ("images[0]", "base64")),
        ({"images": ["data:text/html,<b>"]}, ("images[0]", "text/html")),
        ({"images": ["data:image/png;base64,aGVsbG8="]}, ("images[0]", "PNG")),
        ({"aspect_ratio": "16:9"}, ("aspect_ratio", "3:2, 2:3, 1:1")),
        ({"size": "4K"}, ("size", "720P, 1080P")),
        ({"prompt": " \n "}, ("prompt", "blank")),
    ],
)
def test_wrong_json_value(caller: Caller, changes: dict[str, Any], words: tuple[str, ...]) -> None:
    """Proves that a wrong value is refused with its field and the rule."""
    assert_shape_one(caller.create_unified(**changes), 400, *words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": "1920x1080"}, ("size", "1280x720")),
        ({"seconds": "eight"}, ("seconds", "whole number")),
        ({"seconds": "8.5"}, ("seconds", "whole number")),
        ({"seconds": "0"}, ("seconds", "between 1 and 60")),
        ({"seconds": "9999"}, ("seconds", "between 1 and 60")),
        ({"watermark": "maybe"}, ("watermark", "'true' or 'false'")),
        ({"prompt": ""}, ("prompt", "blank")),
    ],
)
def test_wrong_form_value(caller: Caller, changes: dict[str, Any], words: tuple[str, ...]) -> None:
    """Proves that a wrong value in the form is refused with its field and the rule."""
    assert_shape_one(caller.create_openai(**changes), 400, *words)


@pytest.mark.parametrize("model", ["veo3", "grok-video-3", ""])
def test_unknown_openai_model(caller: Caller, model: str) -> None:
    """Proves that a model of another format, or of none, is 503 model_not_found."""
    error = assert_shape_one(caller.create_openai(model=model), 503, "veo_3_1, veo_3_1-fast")
    assert error["code"] == "model_not_found"


@pytest.mark.parametrize("model", ["veo_3_1", "grok"])
def test_unknown_unified_model(caller: Caller, model: str) -> None:
    """Proves the same for the unified format."""
    error = assert_shape_one(caller.create_unified(model=model), 503, "grok-video-3")
    assert error["code"] == "model_not_found"


def bomb() -> bytes:
    """A PNG of a few hundred bytes that claims 30000x30000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 30000, 30000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 90000))
        + chunk(b"IEND", b"")
    )


def test_picture_must_be_one(caller: Caller) -> None:
    """Proves that text, nothing, half a picture and a decompression bomb are refused."""
    for picture in (b"not a picture", b"", KITTEN[: len(KITTEN) // 2], bomb()):
        assert_shape_one(caller.create_openai(picture), 400, "input_reference")


def test_bomb_is_refused_by_its_pixels(caller: Caller) -> None:
    """Proves that a bomb is named as such, in a data URI too."""
    uri = "data:image/png;base64," + base64.b64encode(bomb()).decode()
    assert_shape_one(caller.create_unified(images=[uri]), 400, "images[0]", "pixels")


def test_text_field_sent_as_file(caller: Caller) -> None:
    """Proves that a text field in a file part is refused."""
    files: dict[str, Any] = {
        "model": (None, "veo_3_1"),
        "prompt": ("prompt.txt", b"A kitten", "text/plain"),
        "seconds": (None, "2"),
        "size": (None, "16x9"),
        "input_reference": ("kitten.png", KITTEN, "image/png"),
    }
    assert_shape_one(caller.http.post("/v1/videos", files=files), 400, "prompt", "must be text")


def test_picture_sent_as_text(caller: Caller) -> None:
    """Proves that a link in the place of the file is refused."""
    answer = caller.create_openai(
        without="input_reference", input_reference="https://example.com/kitten.png"
    )
    # The form's text fields come first, so this one is the text.
    assert_shape_one(answer, 400, "input_reference")
    parts = {
        "model": (None, "veo_3_1"),
        "input_reference": (None, "https://example.com/kitten.png"),
    }
    answer = caller.http.post("/v1/videos", files=parts)
    assert_shape_one(answer, 400, "input_reference", "must be a file")


def test_field_given_twice(caller: Caller) -> None:
    """Proves that a second value for a field, as an injected part would be, is refused."""
    parts = [
        ("model", (None, "veo_3_1")),
        ("model", (None, "veo_3_1-fast")),
    ]
    assert_shape_one(caller.http.post("/v1/videos", files=parts), 400, "model", "more than once")


def test_unknown_field_given_twice(fresh_caller: Caller) -> None:
    """Proves that several values for a field that the document does not know are let through, and recorded."""
    form = {"model": "veo_3_1", "prompt": "The kitten", "seconds": "2", "size": "1280x720"}
    parts = [
        *((name, (None, value)) for name, value in form.items()),
        *(("tags[]", (None, tag)) for tag in ("cat", "fish")),
        ("input_reference", ("kitten.png", KITTEN)),
    ]
    assert fresh_caller.http.post("/v1/videos", files=parts).status_code == 200
    assert fresh_caller.gateway.requests[-1].body["tags[]"] == ["cat", "fish"]


@pytest.mark.parametrize(
    ("content_type", "body", "word"),
    [
        ("text/plain", b"{}", "Content-Type"),
        ("", b"{}", "Content-Type"),
        ("application/json", b"{", "not JSON"),
        ("application/json", b"", "not JSON"),
        ("application/json", b"[]", "type"),
        ("application/json", b'"text"', "type"),
        ("application/json", b"[" * 100_000, "not JSON"),
        ("application/json", b'{"model": NaN}', "not JSON"),
        ("application/json", b'{"prompt": "\\ud800"}', "not JSON"),
        ("application/json", b"\xff\xfe", "not JSON"),
    ],
)
def test_unreadable_json(caller: Caller, content_type: str, body: bytes, word: str) -> None:
    """Proves that whatever is not a JSON object ends in one clear line."""
    headers = {"Content-Type": content_type}
    answer = caller.http.post("/v1/video/create", content=body, headers=headers)
    assert_shape_one(answer, 400, word)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"no parts at all"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: a/b\r\n\r\nhi\r\n--x--\r\n"),
        ("application/json", b"{}"),
    ],
)
def test_unreadable_form(caller: Caller, content_type: str, body: bytes) -> None:
    """Proves the same for what is not a form."""
    headers = {"Content-Type": content_type}
    assert_shape_one(caller.http.post("/v1/videos", content=body, headers=headers), 400)


def test_json_too_large(caller: Caller) -> None:
    """Proves that 33 MiB of JSON are answered with 413, after all of it was taken in."""
    document = json.dumps({"prompt": "x" * (33 * 1024 * 1024)}).encode()
    headers = {"Content-Type": "application/json"}
    answer = caller.http.post("/v1/video/create", content=document, headers=headers)
    error = assert_shape_one(answer, 413, "33,554,432 bytes")
    assert error["code"] == "request_too_large"
    assert caller.query("video_none").status_code == 400


def test_unknown_task(caller: Caller) -> None:
    """Proves that an unknown id, also one of the other format, is task_not_exist in shape 2."""
    unified = caller.create_unified().json()["id"]
    openai = caller.create_openai().json()["id"]
    for answer in (
        caller.query("video_unknown"),
        caller.query("grok:unknown"),
        caller.http.get(f"/v1/videos/{unified}"),
        caller.http.get("/v1/video/query", params={"id": openai}),
    ):
        assert answer.status_code == 400
        body = answer.json()
        assert body.keys() == {"code", "message", "data"}
        assert body["code"] == "task_not_exist"
        assert body["data"] is None
        assert answer.headers["x-oneapi-request-id"] in body["message"]


@pytest.mark.parametrize("query", ["", "?other=1", "?id=a&id=b"])
def test_query_needs_one_id(caller: Caller, query: str) -> None:
    """Proves that the query parameter is required, and taken once."""
    assert_shape_one(caller.http.get(f"/v1/video/query{query}"), 400, "id")


def test_content_of_unknown_task(caller: Caller) -> None:
    """Proves that content of a task that never was is 404."""
    assert_shape_one(caller.http.get("/v1/videos/video_x/content"), 404, "not found")


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/"), ("GET", "/v1/models"), ("DELETE", "/v1/videos/x"), ("PUT", "/v1/videos")],
)
def test_unknown_url(caller: Caller, method: str, path: str) -> None:
    """Proves that what the document does not have is 404 in shape 1, naming it."""
    assert_shape_one(caller.http.request(method, path), 404, f"Invalid URL ({method} {path})")


def test_nothing_refused_is_paid(fresh_caller: Caller) -> None:
    """Proves that a refused create costs nothing."""
    fresh_caller.create_openai(seconds="x")
    fresh_caller.create_openai(b"no picture")
    fresh_caller.create_unified(model="none")
    fresh_caller.http.post("/v1/videos", content=io.BytesIO(b"x"))
    assert fresh_caller.gateway.paid == 0
    assert [request.status for request in fresh_caller.gateway.requests] == [400, 400, 503, 400]
