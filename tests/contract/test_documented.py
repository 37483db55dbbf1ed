"""Every example of the vendor's pages, and of the operations they lack, is a case for the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from cassettes import media
from cassettes.interactions import Request, media_type
from cassettes.multipart import parts_of
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
from pipeline.build import Inputs
from pipeline.publish import LIFECYCLE
from pipeline.report import PipelineError

from tests.support.colours import Colour, Hub
from tests.support.wires import WIRES, png

from .documented import Case, all_cases, inputs, lines_of, page_cases, settled_in

GATEWAY = "https://gateway.example"
# How the documented fields are called where they are passed; all others are passed as they are.
ARGUMENTS = {"input_reference": "image"}
PARAMETERS = ("prompt", "model", "seconds", "size", "aspect_ratio", "images", "watermark", "image")
# What the description of the states says, and nothing of how the client reads it.
WAITING = {"pending", "queued", "submitted", "not_start"}
GOOD = {"completed", "success", "succeeded"}
BAD = {"failed", "failure", "error", "cancelled", "canceled", "expired"}
REFUSALS: dict[tuple[int, str], type[APIError]] = {
    (401, "api_error"): AuthenticationError,
    (403, "insufficient_user_quota"): QuotaExhausted,
    (503, "model_not_found"): ModelUnavailable,
}
PAGES = sorted(inputs().pages)


def of(kind: str) -> list[Case]:
    """The cases of a kind."""
    return [case for case in all_cases() if case.kind == kind]


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
    """What a user passes to have a documented request sent; the text in the place of a file is no file."""
    pictures = dict.fromkeys(case.files, png((1280, 720)))
    fields = {ARGUMENTS.get(name, name): value for name, value in (case.value | pictures).items()}
    known = {name: fields.pop(name) for name in PARAMETERS if name in fields}
    return {"format": case.format, **known, "extra": fields, **changes}


def fields_in(request: httpx.Request) -> dict[str, Any]:
    """The fields of a request as they went over the wire; of a file its bytes."""
    content_type = request.headers["content-type"]
    if media_type(content_type) == "application/json":
        return json.loads(request.content)  # type: ignore[no-any-return]
    sent = Request("POST", str(request.url), {"content-type": content_type}, request.content)
    parts = parts_of(sent)
    assert len({part.name for part in parts}) == len(parts)
    return {part.name: part.content if part.filename else part.content.decode() for part in parts}


def test_a_documented_request_is_what_the_client_sends(
    colour: Colour, subtests: pytest.Subtests
) -> None:
    """Called with the example's values, the client sends the example: JSON by value, a form by its parts."""
    for case in of("request"):
        with subtests.test(str(case)):
            wire = Wire(colour, saying({"id": "video_1", "status": "queued"}))
            wire.hub.videos.create(**arguments_of(case))
            (request,) = wire.sent
            assert f"{request.method} {request.url.path}" == str(case.operation)
            assert media_type(request.headers["content-type"]) == case.media
            pictures = dict.fromkeys(case.files, png((1280, 720)))
            assert fields_in(request) == {**case.value, **pictures}


def test_where_a_page_contradicts_itself_the_correction_is_sent_and_says_why(
    colour: Colour, subtests: pytest.Subtests, record_property: Callable[[str, object], None]
) -> None:
    """The value that the overlay settled on is sent as well; an example taken away is refused and costs nothing."""
    for settled in [each for case in of("request") for each in settled_in(case)]:
        with subtests.test(str(settled)):
            record_property("reason", settled.reason)
            assert settled.reason, "the overlay changes it and does not say why"
            name = ARGUMENTS.get(settled.name, settled.name)
            value = settled.said if settled.corrected is None else settled.corrected
            wire = Wire(colour, saying({"id": "video_1", "status": "queued"}))
            arguments = arguments_of(settled.case, **{name: value})
            if settled.corrected is None:
                with pytest.raises(InvalidRequest):
                    wire.hub.videos.create(**arguments)
                assert wire.sent == []
            else:
                wire.hub.videos.create(**arguments)
                assert fields_in(wire.sent[0])[settled.name] == value


def ask(wire: Wire, case: Case, task_id: str, target: Path) -> Any:
    """Make the call that an operation belongs to: a create, a query, or a download."""
    if case.operation.method == "post":
        return WIRES[case.format].create(wire.hub)
    if case.operation.url.endswith("/content"):
        task = VideoTask(id=task_id, format=cast("Any", case.format), status=TaskStatus.COMPLETED)
        return wire.hub.videos.download(task, target)
    return wire.hub.videos.retrieve(task_id, format=case.format)


def video() -> httpx.Response:
    """A whole video."""
    return httpx.Response(200, content=media.VIDEO, headers={"Content-Type": "video/mp4"})


def test_a_documented_parameter_is_sent(
    colour: Colour, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """The headers, path and query of the client's requests are those of the examples."""
    for case in of("parameter"):
        with subtests.test(str(case)):
            is_content = case.operation.url.endswith("/content")
            told = saying({"id": case.value, "status": "queued"})
            wire = Wire(colour, (lambda _: video()) if is_content else told)
            ask(wire, case, case.value, tmp_path / f"{case.place.line}.mp4")
            request = wire.sent[0]
            assert request.method == case.operation.method.upper()
            if case.location == "header":
                value = case.value.replace("{{YOUR_API_KEY}}", "the-key")
                assert request.headers[case.name] in (value, "*/*")
            else:
                filled = case.operation.url.replace(f"{{{case.name}}}", case.value)
                assert request.url.path == filled
                query = {case.name: case.value} if case.location == "query" else {}
                assert dict(request.url.params) == query


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


def test_a_documented_answer_is_understood(
    colour: Colour, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Id, state, times, progress and link of every example come out as the task's, through the real parser."""
    for case in of("answer"):
        with subtests.test(str(case)):
            if case.operation.url.endswith("/content"):
                check_link(case, colour, tmp_path / f"{case.place.line}.mp4")
                continue
            # The example of a field alone stands in an answer that has what no answer lacks.
            answer = {"id": WIRES[case.format].task_id, **case.value}
            wire = Wire(colour, saying(answer))
            task = ask(wire, case, answer["id"], tmp_path)
            expected = {**expected_task(answer), "format": case.format}
            if case.operation.method == "post":  # it is of the model asked for, unless it says so
                expected["model"] = answer.get("model", WIRES[case.format].arguments["model"])
            assert {name: getattr(task, name) for name in expected} == expected
            assert [request.method for request in wire.sent] == [case.operation.method.upper()]


def check_link(case: Case, colour: Colour, target: Path) -> None:
    """The link in a documented answer is followed, without the key, and the file behind it is saved."""

    def answer(request: httpx.Request) -> httpx.Response:
        told = str(request.url).startswith(GATEWAY)
        return httpx.Response(200, json=case.value) if told else video()

    wire = Wire(colour, answer)
    saved = ask(wire, case, case.value["id"], target)
    assert [str(request.url) for request in wire.sent[1:]] == [case.value["video_url"]]
    assert "authorization" not in wire.sent[1].headers
    assert saved.path.read_bytes() == media.VIDEO


def test_a_documented_refusal_is_its_error(
    colour: Colour, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Every error example ends in the one error that it stands for, with code and message."""
    for case in of("refusal"):
        with subtests.test(str(case)):
            wire = Wire(colour, saying(case.value, case.status))
            told = case.value.get("error") or case.value
            code = told.get("code") or told.get("type")
            assert (case.status, code) in REFUSALS, "say in REFUSALS what it means"
            with pytest.raises(ChainHubError) as caught:
                ask(wire, case, WIRES[case.format].task_id, tmp_path / "never.mp4")
            # What becomes of a download is told by its own error, which keeps the gateway's.
            error: Any = caught.value
            error = error.__cause__ if isinstance(error, DownloadFailed) else error
            assert type(error) is REFUSALS[case.status, code]
            expected = (case.status, code, told["message"])
            assert (error.status_code, error.code, error.message) == expected


def test_no_documented_example_is_lost() -> None:
    """Every line that looks like an example, found without reading YAML, is part of a case; no page is without."""
    for name in [*PAGES, LIFECYCLE]:
        raw = {**inputs().pages, **inputs().others}[name]
        of_page = [case for case in all_cases() if case.place.file == name]
        claimed = {place.line for case in of_page for place in case.claims if place.file == name}
        assert claimed == lines_of(raw.decode()), f"{name}: these lines are no case"
        assert name == LIFECYCLE or {"request", "answer"} <= {case.kind for case in of_page}, name


def test_a_new_example_is_a_new_case() -> None:
    """Nobody has to write a case for an example that the vendor adds."""
    name = "openapi/sources/create-video-unified-format.md"
    old, text = "          headers: {}\n", inputs().pages[name].decode()
    assert text.count(old) == 1
    new = (
        f"                '3':\n                  value: {{id: 'grok:3', status: dreaming}}\n{old}"
    )
    pages = {**inputs().pages, name: text.replace(old, new).encode()}
    before = [str(case).partition(" ")[2] for case in page_cases(inputs(), name)]
    given = page_cases(Inputs(pages, others=inputs().others), name)
    after = {str(case).partition(" ")[2]: case for case in given}
    (added,) = after.keys() - set(before)
    assert added == "POST /v1/video/create answer 200 3"
    assert after[added].value == {"id": "grok:3", "status": "dreaming"}


def test_a_page_without_examples_is_named() -> None:
    """A page that shows nothing of what goes over the wire is no page to build on."""
    name = "openapi/sources/create-video-openai-format.md"
    text = inputs().pages[name].decode()
    bare = "".join(
        line for line in text.splitlines(keepends=True)
        if "example:" not in line and not line.startswith(" " * 16 + "id: v")
    )  # fmt: skip
    head, _, rest = bare.partition("                object: video\n")
    bare = head + rest[rest.index("          headers: {}") :]
    with pytest.raises(PipelineError) as caught:
        page_cases(Inputs({name: bare.encode()}, others=inputs().others), name)
    assert str(caught.value) == (
        f"{name}: error: there is no example in it, so nothing shows what goes over the wire. Next: fetch the "
        "page again; if the vendor has no example, write one in openapi/overlay.yaml."
    )
