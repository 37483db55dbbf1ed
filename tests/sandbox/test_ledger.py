"""The ledger: what arrived, as it arrived, and what it would have cost."""

from __future__ import annotations

import base64
import hashlib

import httpx
import pytest

from tests.support.sandbox_caller import KITTEN, Caller, png

STRANGE_PROMPTS = [
    "two\r\nlines",
    "\r\n",
    'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nveo_3_1-fast',
    "--boundary--",
    "小猫在吃鱼 🐟 العربية",
    'quote " backslash \\ percent %0d%0a',
    "nul \0 and bell \a",
    "long " * 20_000,
]


def test_paid_counts_accepted_creates(fresh_caller: Caller) -> None:
    """Proves that each accepted create counts, refused ones and queries do not."""
    gateway = fresh_caller.gateway
    assert gateway.paid == 0
    openai = fresh_caller.create_openai()
    assert gateway.paid == 1
    fresh_caller.create_unified()
    fresh_caller.create_unified()
    assert gateway.paid == 3
    fresh_caller.create_unified(prompt=5)
    fresh_caller.finish(openai)
    assert gateway.paid == 3


def test_form_is_recorded(fresh_caller: Caller) -> None:
    """Proves that text fields, the picture's digest, the answer and the task are remembered."""
    created = fresh_caller.create_openai(prompt="A kitten", unknown="kept")
    (request,) = fresh_caller.gateway.requests
    assert (request.origin, request.step) == ("gateway", "create")
    assert (request.method, request.path) == ("POST", "/v1/videos")
    assert request.body == {
        "model": "veo_3_1",
        "prompt": "A kitten",
        "seconds": "2",
        "size": "1280x720",
        "watermark": "false",
        "unknown": "kept",
    }
    (picture,) = request.pictures
    assert picture.field == "input_reference"
    assert picture.sha256 == hashlib.sha256(KITTEN).hexdigest()
    assert picture.size == len(KITTEN)
    assert (picture.name, picture.media_type) == ("kitten.png", "image/png")
    assert request.status == 200
    assert request.task_id == created.json()["id"]
    assert request.request_id == created.headers["x-oneapi-request-id"]


def test_document_is_recorded(fresh_caller: Caller) -> None:
    """Proves the same for JSON: unknown fields stay, a data URI is told by its digest."""
    red = png("red")
    uri = "data:image/png;base64," + base64.b64encode(red).decode()
    link = "https://example.com/a.png"
    fresh_caller.create_unified(images=[uri, link], unknown={"kept": [1, None]})
    (request,) = fresh_caller.gateway.requests
    assert request.body["unknown"] == {"kept": [1, None]}
    assert request.body["images"] == ["data:image/png;base64,…", link]
    carried, linked = request.pictures
    assert (carried.field, carried.media_type) == ("images[0]", "image/png")
    assert carried.sha256 == hashlib.sha256(red).hexdigest()
    assert carried.size == len(red)
    assert (linked.field, linked.name, linked.sha256) == ("images[1]", link, "")


def test_refused_picture_is_not_held(fresh_caller: Caller) -> None:
    """Proves that the data URI of a refused create is shortened too."""
    uri = "data:image/png;base64," + "A" * 100_000
    fresh_caller.create_unified(images=[uri, 5])
    (request,) = fresh_caller.gateway.requests
    assert request.status == 400
    assert request.body["images"] == ["data:image/png;base64,…", 5]


def test_key_is_never_recorded(fresh_caller: Caller) -> None:
    """Proves that a key, right or wrong, is in no record."""
    fresh_caller.query("video_x")
    httpx.get(
        fresh_caller.gateway.url + "/v1/videos/x",
        headers={"Authorization": "Bearer sk-secret", "Cookie": "key=sk-secret"},
    )
    for request in fresh_caller.gateway.requests:
        assert request.headers["authorization"] == "Bearer ***"
    ledger = fresh_caller.http.get("/_sandbox/ledger").text
    assert "sk-secret" not in ledger
    assert "Bearer sandbox" not in ledger


def test_query_is_recorded(fresh_caller: Caller) -> None:
    """Proves that an id with colons and strange characters arrives as it was."""
    fresh_caller.query("grok:a b/c?d=e&f%20ü")
    (request,) = fresh_caller.gateway.requests
    assert request.step == "query"
    assert request.query == {"id": "grok:a b/c?d=e&f%20ü"}


def test_ledger_over_http(fresh_caller: Caller) -> None:
    """Proves that the ledger can be read from outside, and does not list its own reading."""
    fresh_caller.create_unified()
    fresh_caller.http.get("/_sandbox/ledger")
    ledger = fresh_caller.http.get("/_sandbox/ledger").json()
    assert ledger["paid"] == 1
    assert ledger["key_leaks"] == 0
    assert [entry["path"] for entry in ledger["requests"]] == ["/v1/video/create"]
    assert ledger["requests"][0]["body"]["prompt"] == "The kitten is eating fish"


@pytest.mark.parametrize("prompt", STRANGE_PROMPTS, ids=range(len(STRANGE_PROMPTS)))
def test_strange_prompts(caller: Caller, prompt: str) -> None:
    """Proves that any text arrives unchanged in both formats, and that a clip comes of it."""
    openai = caller.create_openai(prompt=prompt)
    unified = caller.create_unified(prompt=prompt)
    if not prompt.strip():
        assert (openai.status_code, unified.status_code) == (400, 400)
        return
    records = {request.task_id: request for request in caller.gateway.requests}
    for created in (openai, unified):
        body = records[created.json()["id"]].body
        assert body["prompt"] == prompt
        assert body["model"] in {"veo_3_1", "grok-video-3"}
        assert caller.finish(created)["status"] == "completed"
    assert caller.query(unified.json()["id"]).json()["prompt"] == prompt
