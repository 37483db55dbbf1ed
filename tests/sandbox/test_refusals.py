"""Every refusal the documentation tells of, by status, shape and the field it names."""

from __future__ import annotations

import json
import struct
import zlib
from itertools import product
from typing import Any

import httpx

from tests.support.sandbox_caller import KITTEN, Caller, data_uri

LINK = "https://example.com/a.png"


def refused(answer: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    """The `{"error": {…}}` of an answer, whose message has the request id of the header, and some words."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert {"message", "type", "code"} <= error.keys()
    assert answer.headers["x-oneapi-request-id"] in error["message"]
    for word in words:
        assert word in error["message"]
    return error


def test_key_is_checked_first(caller: Caller) -> None:
    """No operation says anything but 401 without the right key."""
    operations = (
        ("POST", "/v1/videos"),
        ("POST", "/v1/video/create"),
        ("GET", "/v1/videos/video_x"),
        ("GET", "/v1/videos/video_x/content"),
        ("GET", "/v1/video/query?id=x"),
    )
    keys = ("Bearer wrong", "sandbox", "Basic sandbox", "Bearer")
    for (method, path), key in product(operations, (None, *keys)):
        headers = {"Authorization": key} if key else {}
        answer = httpx.request(method, caller.gateway.url + path, headers=headers)
        assert refused(answer, 401, "Invalid token")["message_zh"]


def test_missing_fields(caller: Caller) -> None:
    """Each required field of the form and of the document is missed by name."""
    for field in ("model", "prompt", "seconds", "size", "input_reference"):
        answer = caller.create_openai(without=field)
        assert refused(answer, 400, field, "required")["param"] == field
    for field in ("model", "prompt", "aspect_ratio", "size", "images"):
        answer = caller.create_unified(without=field)
        assert refused(answer, 400, field, "required")["param"] == field


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


def test_wrong_json_values(caller: Caller) -> None:
    """A wrong value is refused with its field and the rule; a bomb by its pixels."""
    uri = "data:image/png;base64,"
    values: list[tuple[str, Any, tuple[str, ...]]] = [
        ("prompt", 5, ("prompt", "type")),
        ("prompt", None, ("prompt", "type")),
        ("images", LINK, ("images", "type")),
        ("images", [LINK, 7], ("images[1]", "type")),
        ("images", ["kitten.png"], ("images[0]", "data URI")),
        ("images", ["file:///etc/passwd"], ("images[0]",)),
        ("images", [f"{uri}????"], ("images[0]", "base64")),
        ("images", ["data:text/html,<b>"], ("images[0]", "text/html")),
        ("images", [f"{uri}aGVsbG8="], ("images[0]", "PNG")),
        ("images", [data_uri(bomb())], ("images[0]", "pixels")),
        ("aspect_ratio", "16:9", ("aspect_ratio", "3:2, 2:3, 1:1")),
        ("size", "4K", ("size", "720P, 1080P")),
        ("prompt", " \n ", ("prompt", "blank")),
    ]
    for field, value, words in values:
        refused(caller.create_unified(**{field: value}), 400, *words)


def test_wrong_form_values(caller: Caller) -> None:
    """A wrong value in the form is refused with its field and the rule; so is what is no picture."""
    values: dict[tuple[str, str], str] = {
        ("size", "1920x1080"): "1280x720",
        ("seconds", "eight"): "whole number",
        ("seconds", "8.5"): "whole number",
        ("seconds", "0"): "between 1 and 60",
        ("seconds", "9999"): "between 1 and 60",
        ("watermark", "maybe"): "'true' or 'false'",
        ("prompt", ""): "blank",
    }
    for (field, value), words in values.items():
        changes: dict[str, Any] = {field: value}
        refused(caller.create_openai(**changes), 400, field, words)
    for picture in (b"not a picture", b"", KITTEN[: len(KITTEN) // 2], bomb()):
        refused(caller.create_openai(picture), 400, "input_reference")


def test_models_of_no_format_or_of_the_other(caller: Caller) -> None:
    """They are 503 model_not_found, with the models that there are."""
    answers = [
        *((caller.create_openai(model=each), "veo_3_1-fast") for each in ("veo3", "grok", "")),
        *((caller.create_unified(model=each), "grok-video-3") for each in ("veo_3_1", "grok")),
        *((caller.create_unified(model=each), "sora-2-pro") for each in ("veo4", "")),
    ]
    for answer, known in answers:
        assert refused(answer, 503, known)["code"] == "model_not_found"


def test_parts_that_are_not_as_they_should_be(caller: Caller) -> None:
    """Text as a file, a link in place of the file, and a second value, as an injected part has it, are refused."""
    files: dict[str, Any] = {
        "model": (None, "veo_3_1"),
        "prompt": ("prompt.txt", b"A kitten", "text/plain"),
        "seconds": (None, "2"),
        "size": (None, "16x9"),
        "input_reference": ("kitten.png", KITTEN, "image/png"),
    }
    refused(caller.http.post("/v1/videos", files=files), 400, "prompt", "must be text")
    model, linked = ("model", "veo_3_1"), ("input_reference", LINK)
    refused(caller.form(model, linked), 400, "input_reference", "must be a file")
    refused(caller.form(model, ("model", "veo_3_1-fast")), 400, "model", "more than once")


def test_unknown_field_given_twice(fresh_caller: Caller) -> None:
    """Several values for a field that the document does not know are let through, and recorded."""
    form = {"model": "veo_3_1", "prompt": "The kitten", "seconds": "2", "size": "1280x720"}
    tags = [("tags[]", "cat"), ("tags[]", "fish")]
    assert fresh_caller.form(*form.items(), *tags, picture=KITTEN).status_code == 200
    assert fresh_caller.gateway.requests[-1].body["tags[]"] == ["cat", "fish"]


def test_unreadable_bodies(caller: Caller) -> None:
    """What is no JSON object, or no form, ends in one clear line."""
    json_type, form_type = "application/json", "multipart/form-data; boundary=x"
    documents = [
        ("text/plain", b"{}", "Content-Type"),
        ("", b"{}", "Content-Type"),
        (json_type, b"{", "not JSON"),
        (json_type, b"", "not JSON"),
        (json_type, b"[]", "type"),
        (json_type, b'"text"', "type"),
        (json_type, b"[" * 100_000, "not JSON"),
        (json_type, b'{"model": NaN}', "not JSON"),
        (json_type, b'{"prompt": "\\ud800"}', "not JSON"),
        (json_type, b"\xff\xfe", "not JSON"),
    ]
    for content_type, body, word in documents:
        headers = {"Content-Type": content_type}
        answer = caller.http.post("/v1/video/create", content=body, headers=headers)
        refused(answer, 400, word)
    forms = [
        ("multipart/form-data", b"--x--"),
        (form_type, b"no parts at all"),
        (form_type, b"--x\r\nContent-Type: a/b\r\n\r\nhi\r\n--x--\r\n"),
        (json_type, b"{}"),
    ]
    for content_type, body in forms:
        headers = {"Content-Type": content_type}
        refused(caller.http.post("/v1/videos", content=body, headers=headers), 400)


def test_json_too_large(caller: Caller) -> None:
    """33 MiB of JSON are answered with 413, after all of it was taken in."""
    document = json.dumps({"prompt": "x" * (33 * 1024 * 1024)}).encode()
    headers = {"Content-Type": "application/json"}
    answer = caller.http.post("/v1/video/create", content=document, headers=headers)
    assert refused(answer, 413, "33,554,432 bytes")["code"] == "request_too_large"
    assert caller.query("video_none").status_code == 400


def test_unknown_tasks(caller: Caller) -> None:
    """An unknown id, also one of the other format, is task_not_exist in shape 2; its content is 404 in shape 1."""
    unified = caller.create_unified().json()["id"]
    openai = caller.create_openai().json()["id"]
    for answer in (
        caller.query("video_unknown"),
        caller.query("grok:unknown"),
        caller.query(unified, "openai"),
        caller.query(openai, "unified"),
    ):
        assert answer.status_code == 400
        body = answer.json()
        assert body == {"code": "task_not_exist", "message": body["message"], "data": None}
        assert answer.headers["x-oneapi-request-id"] in body["message"]
    refused(caller.content("video_x"), 404, "not found")


def test_unknown_addresses(caller: Caller) -> None:
    """A query needs its parameter once; what the document does not have is 404 in shape 1, naming it."""
    for query in ("", "?other=1", "?id=a&id=b"):
        refused(caller.http.get(f"/v1/video/query{query}"), 400, "id")
    urls = [("POST", "/"), ("GET", "/v1/models"), ("DELETE", "/v1/videos/x"), ("PUT", "/v1/videos")]
    for method, path in urls:
        refused(caller.http.request(method, path), 404, f"Invalid URL ({method} {path})")


def test_nothing_refused_is_paid(fresh_caller: Caller) -> None:
    """A refused create costs nothing."""
    fresh_caller.create_openai(seconds="x")
    fresh_caller.create_openai(b"no picture")
    fresh_caller.create_unified(model="none")
    fresh_caller.http.post("/v1/videos", content=b"x")
    assert fresh_caller.gateway.paid == 0
    assert [request.status for request in fresh_caller.gateway.requests] == [400, 400, 503, 400]
