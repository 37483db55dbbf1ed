"""The generated client, against a real server on loopback and against hostile values."""

import itertools
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from chainhub_api import AuthenticatedClient, models
from chainhub_api.api.openai import create_video, download_video, retrieve_video
from chainhub_api.api.unified import create_unified_video, query_unified_video
from chainhub_api.errors import UnexpectedStatus
from chainhub_api.types import File
from hypothesis import given, settings
from hypothesis import strategies as st
from python_multipart import FormParser

from tests.support.answering import say
from tests.support.scripted import Gateway

INJECTION = 'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nveo_3_1-fast'
PICTURE = b"\x89PNG\r\n--+++\r\n\x00\xff"


def create_request(prompt: str) -> models.CreateVideoRequest:
    """Make a create request with this prompt."""
    return models.CreateVideoRequest(
        model="veo_3_1",
        prompt=prompt,
        seconds="8",
        input_reference=File(BytesIO(PICTURE), "cow.png", "image/png"),
        size="1280x720",
    )


def sent(kwargs: dict[str, Any]) -> httpx.Request:
    """Build the request that httpx would send."""
    with httpx.Client(base_url="http://127.0.0.1") as client:
        request = client.build_request(**kwargs)
        request.read()
        return request


def parts(request: httpx.Request) -> list[tuple[bytes | None, bytes | None]]:
    """Take a multipart body apart the way a server does."""
    found: list[tuple[bytes | None, bytes | None]] = []

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        found.append((file.field_name, file.file_object.read()))
        file.close()

    boundary = request.headers["content-type"].split("boundary=")[1]
    parser = FormParser(
        "multipart/form-data",
        lambda field: found.append((field.field_name, field.value)),
        on_file,
        boundary=boundary.encode(),
    )
    parser.write(request.content)
    parser.finalize()
    parser.close()
    return found


def test_a_prompt_cannot_add_a_field_to_the_form() -> None:
    """A prompt that imitates a boundary and a field stays one field, character by character."""
    request = sent(create_video.get_kwargs(body=create_request(INJECTION)))
    assert parts(request) == [
        (b"model", b"veo_3_1"),
        (b"prompt", INJECTION.encode()),
        (b"seconds", b"8"),
        (b"input_reference", PICTURE),
        (b"size", b"1280x720"),
    ]


def test_the_boundary_is_another_one_each_time() -> None:
    """Nobody can foresee the boundary, since it is drawn for each request."""
    kinds = {
        sent(create_video.get_kwargs(body=create_request("x"))).headers["content-type"]
        for _ in range(20)
    }
    assert len(kinds) == 20


def test_ids_are_encoded_in_paths_and_queries() -> None:
    """No id can reach another path, add a parameter, or be read as another id."""
    for task in ["grok:299604b7", "a/b?c=d#e", "../../v1", "sora-2:task_01 x%2F&id=y", "é"]:
        for module, tail in ((retrieve_video, ""), (download_video, "/content")):
            raw = sent(module.get_kwargs(id=task)).url.raw_path.decode()
            encoded = raw.removeprefix("/v1/videos/").removesuffix(tail)
            assert raw == f"/v1/videos/{encoded}{tail}"
            assert not set("/?#&") & set(encoded)
            assert unquote(encoded) == task
        url = sent(query_unified_video.get_kwargs(id=task)).url
        assert (url.path, list(url.params.multi_items())) == ("/v1/video/query", [("id", task)])


def test_a_json_request_is_the_document_s_example() -> None:
    """The unified create call sends the fields as JSON under its media type."""
    fields = {
        "model": "grok-video-3", "prompt": "p", "aspect_ratio": "3:2", "size": "720P", "images": [],
    }  # fmt: skip
    body = models.CreateUnifiedVideoRequest.from_dict(fields)
    request = sent(create_unified_video.get_kwargs(body=body))
    assert json.loads(request.content) == fields
    assert request.headers["content-type"] == "application/json"


def test_the_key_is_not_shown() -> None:
    """Neither the key nor a header shows in the client's text, before and after a request."""
    client = AuthenticatedClient(
        base_url="http://127.0.0.1", token="sk-secret", headers={"A": "sk-b"}
    )
    with client:
        assert client.get_httpx_client().headers["authorization"] == "Bearer sk-secret"
        assert "sk-" not in repr(client)
        assert "sk-" not in repr(client.with_headers({"B": "sk-c"}))


def test_a_changed_copy_leaves_the_client_as_it_is() -> None:
    """The with_… methods return a new client and do not reach into a live one."""
    with AuthenticatedClient(base_url="http://127.0.0.1", token="t") as client:
        other = client.with_headers({"X-Own": "1"}).with_timeout(httpx.Timeout(1.0))
        assert "x-own" not in client.get_httpx_client().headers
        with other:
            assert other.get_httpx_client().headers["x-own"] == "1"
            assert other.get_httpx_client().timeout.read == 1.0
            assert other.get_httpx_client().headers["authorization"] == "Bearer t"
        assert client.get_httpx_client().timeout.read == 300.0


@pytest.fixture
def server() -> Iterator[Gateway]:
    """A scripted server that runs while the test does."""
    with Gateway() as gateway:
        yield gateway


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"id": "a", "status": "queued", "new": 1}', models.RetrieveVideoResponse),
        (401, b'{"error": {"message": "Invalid token"}}', models.ErrorResponse),
        (524, b'{"error": {"message": "A timeout occurred"}}', models.ErrorResponse),
        (599, b'{"code": "x", "message": "m", "data": null}', models.ErrorResponse),
    ],
)
def test_documented_answers_are_parsed(
    server: Gateway, status: int, body: bytes, kind: type
) -> None:
    """Success and errors of any status, also one no standard knows, become models."""
    server.on("query", say(status, body, {"Content-Type": "application/json"}))
    with AuthenticatedClient(base_url=server.url, token="t") as client:
        response = retrieve_video.sync_detailed("a", client=client)
    assert (response.status_code, type(response.parsed)) == (status, kind)
    assert response.parsed is not None
    assert response.parsed.to_dict() == json.loads(body)


def test_answers_nobody_described_are_no_traceback(server: Gateway) -> None:
    """Pages, nothing and JSON of another kind give None, or the one documented error if asked for."""
    bodies = (b"<html>Bad gateway</html>", b"", b"[1]", b'"text"', b"null", b"\xff")
    lenient = AuthenticatedClient(base_url=server.url, token="t")
    strict = AuthenticatedClient(base_url=server.url, token="t", raise_on_unexpected_status=True)
    with lenient, strict:
        for status, body in itertools.product((200, 299, 404, 502), bodies):
            server.on("query", say(status, body, {"Content-Type": "text/html"}))
            answer = retrieve_video.sync_detailed("a", client=lenient)
            assert (answer.status_code, answer.content, answer.parsed) == (status, body, None)
            with pytest.raises(UnexpectedStatus):
                query_unified_video.sync(id="a", client=strict)


def test_a_downloaded_file_is_its_bytes(server: Gateway) -> None:
    """A video comes as a file with the very bytes that were sent."""
    server.on("content", say(200, PICTURE, {"Content-Type": "video/mp4"}))
    with AuthenticatedClient(base_url=server.url, token="t") as client:
        video = download_video.sync("a", client=client)
    assert isinstance(video, File)
    assert video.payload.read() == PICTURE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
FIELDS = [
    "id", "status", "progress", "created_at", "status_update_time", "video_url", "error", "detail", "data",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=8))
def test_no_answer_is_refused_for_a_field(fields: dict[str, Any]) -> None:
    """Whatever values the fields of an answer have, it is parsed, and given back as it came."""
    for model in (
        models.RetrieveVideoResponse,
        models.QueryUnifiedVideoResponse,
        models.ErrorResponse,
    ):
        assert model.from_dict(fields).to_dict() == fields
    created = {"id": "a", **fields}
    for create_model in (models.CreateVideoResponse, models.CreateUnifiedVideoResponse):
        assert create_model.from_dict(created).to_dict() == created
