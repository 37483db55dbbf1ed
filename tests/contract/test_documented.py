"""Every example of the vendor's pages, and of the operations they lack, is a case for the client."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from chainhub_video import (
    APIError,
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    InvalidRequest,
    ModelUnavailable,
    QuotaExhausted,
    TaskStatus,
    VideoTask,
)
from cassettes.interactions import Request, media_type
from cassettes.multipart import parts_of

from tests.support.colours import Colour, Hub
from tests.support.wires import WIRES, png

from .documented import Case, Settled, all_cases, settled_in

GATEWAY = "https://gateway.example"
# How the documented fields are called where they are passed; all others are passed as they are.
ARGUMENTS = {"input_reference": "image"}
PARAMETERS = ("prompt", "model", "seconds", "size", "aspect_ratio", "images", "watermark")
# What the description of the states says, and nothing of how the client reads it.
WAITING = {"pending", "queued", "submitted", "not_start"}
GOOD = {"completed", "success", "succeeded"}
BAD = {"failed", "failure", "error", "cancelled", "canceled", "expired"}
REFUSALS: dict[tuple[int, str], type[APIError]] = {
    (401, "api_error"): AuthenticationError,
    (403, "insufficient_user_quota"): QuotaExhausted,
    (503, "model_not_found"): ModelUnavailable,
}


def of(kind: str) -> pytest.MarkDecorator:
    """A mark that runs a test for every case of a kind."""
    cases = [case for case in all_cases() if case.kind == kind]
    return pytest.mark.parametrize("case", cases, ids=str)


@pytest.fixture(params=["blocking", "asyncio"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    """Each of the two drivers."""
    with ExitStack() as closing:
        yield Colour(request.param, closing)


class Wire:
    """What the client sends, and what it is answered."""

    def __init__(self, colour: Colour, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.sent: list[httpx.Request] = []
        self._answer = answer
        client = colour.http_client(transport=httpx.MockTransport(self._take))
        self.hub: Hub = colour.hub(GATEWAY, http_client=client)

    def _take(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._answer(request)


def saying(document: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    """Answer everything alike."""
    return lambda _: httpx.Response(status, json=document)


def arguments_of(case: Case, **changes: Any) -> dict[str, Any]:
    """What a user passes to have a documented request sent."""
    fields = {ARGUMENTS.get(name, name): value for name, value in case.value.items()}
    for name in case.files:
        fields[ARGUMENTS[name]] = png((1280, 720))
    known = {
        name: fields.pop(name) for name in (*PARAMETERS, *ARGUMENTS.values()) if name in fields
    }
    return {"format": case.format, **known, "extra": fields, **changes}


def fields_in(request: httpx.Request) -> dict[str, Any]:
    """The fields of a request as they went over the wire; of a file its bytes."""
    content_type = request.headers["content-type"]
    if media_type(content_type) == "application/json":
        return json.loads(request.content)  # type: ignore[no-any-return]
    parts = read_form(content_type, request.content)
    assert len({part.name for part in parts}) == len(parts)
    return {part.name: part.content if part.file else part.content.decode() for part in parts}


@of("request")
def test_a_documented_request_is_what_the_client_sends(case: Case, colour: Colour) -> None:
    """Called with the example's values, the client sends the example: JSON by value, a form by its parts."""
    wire = Wire(colour, saying({"id": "video_1", "status": "queued"}))
    arguments = arguments_of(case)
    wire.hub.videos.create(**arguments)
    (request,) = wire.sent
    assert (request.method, request.url.path) == (case.operation.method.upper(), case.operation.url)
    assert media_type(request.headers["content-type"]) == case.media
    # The text in the place of a file is no file; a picture is sent instead.
    expected = {**case.value, **{name: arguments[ARGUMENTS[name]] for name in case.files}}
    assert fields_in(request) == expected


CONTRADICTED = [each for case in all_cases() if case.kind == "request" for each in settled_in(case)]


@pytest.mark.parametrize("settled", CONTRADICTED, ids=str)
def test_where_a_page_contradicts_itself_the_correction_is_sent_and_says_why(
    settled: Settled, colour: Colour, record_property: Callable[[str, object], None]
) -> None:
    """The value that the overlay settled on is sent as well; an example taken away is refused and costs nothing."""
    record_property("reason", settled.reason)
    assert settled.reason, f"{settled}: the overlay changes it and does not say why"
    name = ARGUMENTS.get(settled.name, settled.name)
    wire = Wire(colour, saying({"id": "video_1", "status": "queued"}))
    if settled.corrected is None:
        with pytest.raises(InvalidRequest):
            wire.hub.videos.create(**arguments_of(settled.case, **{name: settled.said}))
        assert wire.sent == []
    else:
        wire.hub.videos.create(**arguments_of(settled.case, **{name: settled.corrected}))
        assert fields_in(wire.sent[0])[settled.name] == settled.corrected


def ask(wire: Wire, case: Case, task_id: str, target: Path) -> Any:
    """Make the call that an operation belongs to: a create, a query, or a download."""
    if case.operation.method == "post":
        return WIRES[case.format].create(wire.hub)
    if case.operation.url.endswith("/content"):
        task = VideoTask(id=task_id, format=cast("Any", case.format), status=TaskStatus.COMPLETED)
        return wire.hub.videos.download(task, target)
    return wire.hub.videos.retrieve(task_id, format=case.format)


def video() -> bytes:
    """The least that passes for a whole MP4."""
    boxes = ((b"ftyp", b"isom\0\0\0\0"), (b"moov", b""), (b"mdat", b"a kitten"))
    return b"".join(struct.pack(">I4s", 8 + len(held), name) + held for name, held in boxes)


@of("parameter")
def test_a_documented_parameter_is_sent(case: Case, colour: Colour, tmp_path: Path) -> None:
    """The headers, path and query of the client's requests are those of the examples."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/content"):
            return httpx.Response(200, content=video(), headers={"Content-Type": "video/mp4"})
        return httpx.Response(200, json={"id": case.value, "status": "queued"})

    wire = Wire(colour, answer)
    ask(wire, case, case.value, tmp_path / "kitten.mp4")
    request = wire.sent[0]
    assert request.method == case.operation.method.upper()
    match case.location:
        case "path":
            filled = case.operation.url.replace(f"{{{case.name}}}", case.value)
            assert request.url.path == filled
        case "query":
            assert request.url.path == case.operation.url
            assert dict(request.url.params) == {case.name: case.value}
        case _:
            value = case.value.replace("{{YOUR_API_KEY}}", "the-key")
            assert request.headers[case.name] in (value, "*/*")


def expected_task(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says, by the description of its fields."""
    word = answer["status"].lower()
    bad = word in BAD or word.endswith("_failed")
    status = (
        TaskStatus.COMPLETED if word in GOOD else TaskStatus.FAILED if bad
        else TaskStatus.QUEUED if word in WAITING else TaskStatus.RUNNING
    )  # fmt: skip
    changed = answer.get("status_update_time") or answer.get("completed_at")
    done = status is TaskStatus.COMPLETED
    return {
        "id": answer["id"],
        "raw_status": answer["status"],
        "status": status,
        "model": answer.get("model"),
        "progress": 1.0 if done else answer["progress"] / 100 if "progress" in answer else None,
        "created_at": moment(answer.get("created_at")),
        "updated_at": moment(changed),
        "video_url": answer.get("video_url") if done else None,
        "raw": answer,
    }


def moment(value: int | None) -> datetime | None:
    """A time of an example, which is in seconds or in milliseconds."""
    if not value:
        return None
    return datetime.fromtimestamp(value if value < 1e11 else value / 1000, UTC)


@of("answer")
def test_a_documented_answer_is_understood(case: Case, colour: Colour, tmp_path: Path) -> None:
    """Id, state, times, progress and link of every example come out as the task's, through the real parser."""
    if case.operation.url.endswith("/content"):
        check_link(case, colour, tmp_path / "kitten.mp4")
        return
    # The example of a field alone stands in an answer that has what no answer lacks.
    answer = {"id": WIRES[case.format].task_id, **case.value}
    wire = Wire(colour, saying(answer))
    task = ask(wire, case, answer["id"], tmp_path)
    expected = expected_task(answer)
    if case.operation.method == "post":  # an answer that does not say so is of the model asked for
        expected["model"] = answer.get("model", WIRES[case.format].arguments["model"])
    assert {name: getattr(task, name) for name in expected} == expected
    assert task.format == case.format
    assert [request.method for request in wire.sent] == [case.operation.method.upper()]


def check_link(case: Case, colour: Colour, target: Path) -> None:
    """The link in a documented answer is followed, without the key, and the file behind it is saved."""

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url).startswith(GATEWAY):
            return httpx.Response(200, json=case.value)
        return httpx.Response(200, content=video(), headers={"Content-Type": "video/mp4"})

    wire = Wire(colour, answer)
    saved = ask(wire, case, case.value["id"], target)
    assert [str(request.url) for request in wire.sent[1:]] == [case.value["video_url"]]
    assert "authorization" not in wire.sent[1].headers
    assert saved.path.read_bytes() == video()


@of("refusal")
def test_a_documented_refusal_is_its_error(case: Case, colour: Colour, tmp_path: Path) -> None:
    """Every error example ends in the one error that it stands for, with code and message."""
    wire = Wire(colour, saying(case.value, case.status))
    told = case.value.get("error") or case.value
    code = told.get("code") or told.get("type")
    assert (case.status, code) in REFUSALS, f"{case}: say in REFUSALS what it means"
    with pytest.raises(ChainHubError) as caught:
        ask(wire, case, WIRES[case.format].task_id, tmp_path / "never.mp4")
    # What becomes of a download is told by its own error, which keeps the gateway's.
    error = caught.value.__cause__ if isinstance(caught.value, DownloadFailed) else caught.value
    assert isinstance(error, APIError)
    assert type(error) is REFUSALS[case.status, code]
    assert (error.status_code, error.code, error.message) == (case.status, code, told["message"])
