"""One table for everything that an answer may say, and in how many ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from chainhub_video import TaskStatus, UnexpectedResponse, VideoTask
from chainhub_video.io import Reply
from chainhub_video.wire.answers import (
    CODES,
    ENVELOPES,
    PLACES,
    STATES,
    layers_of,
    read,
    refused_status,
)
from chainhub_video.wire.failures import read_success
from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.formats import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answering import tell
from tests.support.scripted import Gateway
from tests.support.wires import WIRES, Wire

WORDS = {
    TaskStatus.QUEUED: ["pending", "queued", "submitted", "not_start"],
    TaskStatus.RUNNING: [
        "processing", "image_downloading", "video_generating", "video_generation_completed",
        "video_upsampling", "video_upsampling_completed", "in_progress", "unknown", "a_new_word",
        "completed_not", "not completed", "failed_over", "完成",
    ],
    TaskStatus.COMPLETED: ["completed", "success", "succeeded"],
    TaskStatus.FAILED: [
        "failed", "failure", "error", "cancelled", "canceled", "expired", "video_generation_failed",
        "video_upsampling_failed", "some_new_step_failed",
    ],
}  # fmt: skip


GATEWAY = "https://gateway.example.com"
LINK = "https://cdn.example.com/x.mp4?sig=1"


@pytest.fixture(params=list(FORMATS))
def format_(request: pytest.FixtureRequest) -> WireFormat:
    """Each of the two formats' readers."""
    return FORMATS[request.param]


def _read(format_: WireFormat, **answer: Any) -> VideoTask:
    """The task in a query's answer."""
    known = VideoTask(id="known:1", format=format_.name, model="asked")
    return format_.read_queried({"status": "completed", **answer}, GATEWAY, known)


@pytest.mark.parametrize("spelling", [str.lower, str.upper, str.title, lambda word: f" {word}\n"])
@pytest.mark.parametrize(("status", "word"), [(s, w) for s, words in WORDS.items() for w in words])
def test_every_word_has_its_state(
    format_: WireFormat, status: TaskStatus, word: str, spelling: Any
) -> None:
    """All documented words and those of the family, in any letter case; a new one means that the task goes on."""
    task = _read(format_, status=spelling(word))
    assert task.status is status
    assert task.raw_status == spelling(word).strip()
    assert task.done is (status in (TaskStatus.COMPLETED, TaskStatus.FAILED))


def test_the_outer_status_decides(format_: WireFormat) -> None:
    """A nested status, filled error fields or a link do not end a task whose own status says otherwise."""
    placeholders = {"error": {"message": "", "code": ""}, "video_url": "", "completed_at": 0}
    running = _read(format_, status="processing", detail={"status": "completed"}, **placeholders)
    assert (running.status, running.video_url, running.failure_reason) == ("running", None, None)
    done = _read(format_, error={"message": "odd"}, detail={"status": "failed"}, video_url=LINK)
    assert (done.status, done.video_url, done.failure_reason) == ("completed", LINK, None)


def _at(place: str, value: object) -> dict[str, Any]:
    """An answer with a value at a place."""
    for name in reversed(place.replace("[]", ".[]").split(".")):
        value = [value] if name == "[]" else {name: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("place", PLACES["link"])
def test_the_link_is_found_in_every_place(format_: WireFormat, place: str) -> None:
    """Each place where a result's link has been seen is looked at."""
    assert _read(format_, **_at(place, LINK)).video_url == LINK


@pytest.mark.parametrize(
    "answer",
    [
        {"detail": {"images": [{"url": LINK}]}},
        {"input": {"url": LINK, "video_url": LINK}},
        {"detail": {"input": {"url": LINK}}},
        {"thumbnail_url": LINK},
        {"images": [LINK]},
        {"image_url": LINK},
        {"data": [{"url": LINK}], "images": [LINK]},
        {"url": LINK, "input": {"image": {"url": LINK}}},
        {"output": [LINK], "first_frame": LINK},
        {"url": "https://cdn.example.com/kitten.PNG?x=1"},
        {"video_url": LINK, "cover_url": LINK},
        {"data": {"url": LINK}, "thumbnail_url": LINK},
    ],
)
def test_the_callers_own_pictures_are_never_the_result(
    format_: WireFormat, answer: dict[str, Any]
) -> None:
    """Links to inputs and thumbnails are not taken for the video."""
    assert _read(format_, **answer).video_url is None


@pytest.mark.parametrize(
    "bad", ["", " ", None, 0, [], {}, "x.mp4", "N/A", "ftp://h/x", "http://", "http://a b/x", True]
)
def test_a_place_that_holds_no_link_is_passed_over(format_: WireFormat, bad: Any) -> None:
    """What is not an http(s) link hides none of the later places."""
    assert _read(format_, video_url=bad, url=bad, detail={"url": LINK}).video_url == LINK


def test_the_first_place_wins(format_: WireFormat) -> None:
    """The top-level `video_url` goes before everything else."""
    other = "https://other.example.com/y.mp4"
    task = _read(format_, video_url=LINK, url=other, metadata={"url": other}, data={"url": other})
    assert task.video_url == LINK


def test_a_failed_task_has_no_video(format_: WireFormat) -> None:
    """A link in a failed task's answer is not offered as a result."""
    assert _read(format_, status="failed", video_url=LINK).video_url is None


@pytest.mark.parametrize(
    ("answer", "progress"),
    [
        ({"progress": 0}, 0.0), ({"progress": 30}, 0.3), ({"progress": 100}, 1.0),
        ({"progress": "30%"}, 0.3), ({"progress": "0"}, 0.0), ({"progress": " 30 % "}, 0.3),
        ({"progress": 0.5}, 0.5), ({"progress": 55.5}, 0.555), ({"progress": 1}, 0.01),
        ({"progress": 1.0}, 0.01), ({"progress": 250}, 1.0), ({"progress": -5}, 0.0),
        ({}, None), ({"progress": None}, None), ({"progress": ""}, None), ({"progress": "soon"}, None),
        ({"progress": True}, None), ({"progress": []}, None), ({"progress": "nan"}, None),
        ({"progress": "inf"}, None), ({"progress": 10**400}, None),
        ({"detail": {"pending_info": {"progress_pct": 0.93}}}, 0.93),
        ({"progress": 0, "detail": {"pending_info": {"progress_pct": 0.93}}}, 0.0),
        ({"progress": None, "detail": {"pending_info": {"progress_pct": 0.93}}}, 0.93),
        ({"detail": {"progress": 40}}, 0.4), ({"data": {"progress": "40%"}}, 0.4),
        ({"detail": {"pending_info": []}}, None), ({"detail": "text"}, None),
    ],
)  # fmt: skip
def test_progress_in_every_spelling(
    format_: WireFormat, answer: dict[str, Any], progress: float | None
) -> None:
    """Percent as number or text, a fraction in its nested place, or nothing that can be understood."""
    assert _read(format_, status="processing", **answer).progress == pytest.approx(progress)


def test_a_completed_task_is_at_one(format_: WireFormat) -> None:
    """Whatever number a completed task's answer holds, it is done."""
    assert _read(format_, progress=99).progress == 1.0
    assert _read(format_).progress == 1.0


MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (SECONDS, MOMENT), (SECONDS * 1000, MOMENT), (SECONDS * 1_000_000, MOMENT),
        (str(SECONDS), MOMENT), (float(SECONDS), MOMENT), (SECONDS * 1000 + 1, MOMENT + timedelta(milliseconds=1)),
        ("2026-11-21T09:30:00Z", MOMENT), ("2026-11-21T09:30:00", MOMENT),
        ("2026-11-21 09:30:00", MOMENT), ("2026-11-21T17:30:00+08:00", MOMENT),
        ("2026-11-21T09:30:00.000000Z", MOMENT), ("20261121T093000Z", MOMENT),
        (0, None), ("0", None), (-1, None), (None, None), ("", None), ("soon", None), (True, None),
        ([], None), ({}, None), (float("inf"), None), (10**400, None), ("2026-13-45", None),
        ("9999-99", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["created_at", "status_update_time", "completed_at"])
def test_times_in_every_unit(
    format_: WireFormat, field: str, value: Any, moment: datetime | None
) -> None:
    """Seconds, milliseconds or ISO text become the same aware moment; 0 and nonsense become None."""
    task = _read(format_, **{field: value})
    seen = task.created_at if field == "created_at" else task.updated_at
    assert seen == moment
    assert seen is None or seen.tzinfo is not None


@pytest.mark.parametrize("place", PLACES["reason"])
def test_the_reason_is_found_in_every_place(format_: WireFormat, place: str) -> None:
    """Each place where a failure's reason has been seen is looked at."""
    task = _read(format_, status="failed", **_at(place, " out of luck "))
    assert task.failure_reason == "out of luck"


@pytest.mark.parametrize("error", [None, "", " ", {}, {"message": ""}, {"message": None}, [], 7])
def test_a_placeholder_is_no_reason(format_: WireFormat, error: Any) -> None:
    """Empty error fields hide no later reason, and alone give none."""
    assert _read(format_, status="failed", error=error).failure_reason is None
    task = _read(format_, status="failed", error=error, detail={"failure_reason": "nsfw"})
    assert task.failure_reason == "nsfw"


@pytest.mark.parametrize(
    "task_id",
    ["video_55cb73b3-60af-40c8-95fd-eae8fd758ade", "grok:7f3c0f5e-0c51", "veo3.1-components:1-x",
     "sora-2:task_01K8", "plain", "猫", "a/b==" * 40, 'say "it\'s"', "two words", "%2F?#&"],
)  # fmt: skip
def test_the_creates_id_is_kept(hub: Any, wire: Wire, gateway: Gateway, task_id: str) -> None:
    """Ids go out as they came in, and another id in a query's answer replaces nothing."""
    gateway.on("create", tell(wire.created(id=task_id)))
    gateway.on("query", tell(wire.seen(id="another:1", model="other")))
    task = wire.create(hub)
    assert task.id == task_id
    seen = hub.videos.retrieve(task)
    assert (seen.id, seen.raw["id"], seen.model) == (task_id, "another:1", "other")
    assert wire.name == seen.format


def test_what_an_answer_leaves_out_is_remembered(format_: WireFormat) -> None:
    """Model and creation time that only the create's answer told stay with the task."""
    answer = {"id": "x:1", "status": "queued", "model": "m", "created_at": SECONDS}
    known = format_.read_created(answer, GATEWAY)
    seen = format_.read_queried({"status": "processing"}, GATEWAY, known)
    assert (seen.model, seen.created_at) == ("m", MOMENT)


def test_unknown_fields_are_kept(format_: WireFormat) -> None:
    """The whole answer is there in `raw`, fields that nobody documents included."""
    answer = {"status": "completed", "trace_id": "t", "upscaled": True, "new": {"deep": [1]}}
    assert _read(format_, **answer).raw == answer


def test_the_status_may_be_one_level_down(format_: WireFormat) -> None:
    """A query's answer that wraps everything in `data` is read all the same."""
    known = VideoTask(id="x", format=format_.name)
    wrapped = {"code": "success", "data": {"status": "SUCCESS", "url": LINK, "progress": "100%"}}
    task = format_.read_queried(wrapped, GATEWAY, known)
    assert (task.status, task.video_url, task.raw_status) == ("completed", LINK, "SUCCESS")


@pytest.mark.parametrize(
    ("answer", "task_id"),
    [
        ({"id": 186702584330039}, "186702584330039"),
        ({"id": 186702584330039.0}, "186702584330039"),
        ({"task_id": "t-1"}, "t-1"), ({"taskId": "t-1"}, "t-1"), ({"TaskID": "t-1"}, "t-1"),
        ({"code": "success", "data": {"task_id": "t-1"}}, "t-1"),
        ({"code": 0, "msg": "ok", "data": {"id": 17}}, "17"),
        ({"output": {"task_id": "t-1"}, "request_id": "r-1"}, "t-1"),
        ({"Response": {"JobId": "j", "TaskId": "t-1", "RequestId": "r-1"}}, "t-1"),
        ({"result": [{"id": "t-1"}]}, "t-1"), ({"data": {"data": {"id": "t-1"}}}, "t-1"),
        # a row number beside the public id
        ({"id": 42, "task_id": "t-1"}, "t-1"), ({"id": "42", "task_id": 186702584330039}, "186702584330039"),
        ({"id": 42, "data": {"task_id": "t-1"}}, "t-1"),
        # a row number alone names no task; the whole id does, and so does a text
        ({"id": 42, "task_id": {"n": 7}}, ""), ({"id": 42, "task_id": None}, ""), ({"id": "42", "task_id": " "}, ""),
        ({"id": 186702584330039, "task_id": ""}, "186702584330039"), ({"id": "t-1", "task_id": ""}, "t-1"),
        ({"id": -7}, ""), ({"id": "-7", "task_id": "t-1"}, "t-1"), ({"id": 42, "task_id": -7}, ""),
        # two texts that differ: the one that names the task in so many words
        ({"id": "x-1", "task_id": "t-1"}, "t-1"),
        # the request's own id, in an envelope that says how the HTTP call went
        ({"code": 0, "id": "req-9", "data": {"id": "t-1"}}, "t-1"),
        ({"request_id": "r-1"}, ""), ({"requestId": "r-1", "trace_id": "x"}, ""), ({"id": 0}, ""),
        ({"id": None, "task_id": ""}, ""), ({"id": {"id": "x"}}, ""), ({"id": True}, ""),
        ({"data": [{"id": "a"}, {"id": "b"}]}, ""), ({"input": {"id": "x"}}, ""),
    ],
)  # fmt: skip
def test_the_id_is_the_tasks_own(answer: dict[str, Any], task_id: str) -> None:
    """In every spelling and envelope, and never a row number, a request's id, or the id of something else."""
    assert read(answer).id == task_id


@pytest.mark.parametrize("status", STATES)
def test_every_word_of_the_table_in_any_spelling(status: TaskStatus) -> None:
    """Letter case, blanks around, and blanks or hyphens in place of an underscore do not matter."""
    for word in STATES[status]:
        for spelling in (word, word.upper(), word.title(), f" {word}\n", word.replace("_", "-")):
            for name in ("status", "state", "task_status", "taskStatus"):
                assert read({name: spelling}).status is status, spelling


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"code": "success", "status": "SUCCESS", "data": {"status": "processing"}}, "processing"),
        ({"code": "success", "data": {"status": "failed", "data": {"status": "odd"}}}, "failed"),
        ({"code": 200, "status": "ok", "data": {"task_status": "brand_new"}}, "brand_new"),
        ({"status": "success", "data": {"status": "brand_new"}}, "brand_new"),
        ({"status": "SUCCESS", "data": {"status": "all_set", "video_url": LINK}}, "SUCCESS"),
        ({"status": "completed", "output": {"status": "brand_new"}}, "completed"),
        ({"status": "failed", "output": {"status": "succeed"}}, "succeed"),
        ({"status": "completed", "output": {"status": "fail"}}, "fail"),
        ({"status": 200, "data": {"state": "done"}}, "done"), ({"status": True}, ""),
        ({"output": {"task_status": "PENDING"}}, "PENDING"), ({"code": "success"}, ""),
        ({"detail": {"status": "completed"}}, ""),
        ({"status": "processing", "detail": {"status": "failed"}}, "processing"),
    ],
)  # fmt: skip
def test_the_state_is_the_tasks_own(answer: dict[str, Any], word: str) -> None:
    """The deepest word counts; what an envelope says of the HTTP call does not, and what contradicts it neither."""
    assert read(answer).word == word


@pytest.mark.parametrize(
    "answer",
    [
        {"result_url": LINK}, {"resultUrl": LINK}, {"video": {"url": LINK}}, {"videos": [{"url": LINK}]},
        {"video_urls": [LINK]}, {"output": [LINK]}, {"output": {"video_url": LINK}},
        {"result": {"video_url": LINK}}, {"data": {"task_result": {"videos": [{"url": LINK}]}}},
        {"data": {"data": {"video_url": LINK}}}, {"data": {"resultUrls": [LINK]}},
        {"assets": {"video": LINK}}, {"fail_reason": LINK}, {"data": {"fail_reason": LINK}},
        {"videos": ["https://cdn.example.com/still.png", LINK]},
    ],
)  # fmt: skip
def test_the_link_is_found_beside_pictures(format_: WireFormat, answer: dict[str, Any]) -> None:
    """Every place from the field, with the caller's pictures and a thumbnail beside it."""
    pictures = {
        "thumbnail_url": "https://cdn.example.com/t", "images": ["https://example.com/mine"],
        "input": {"image_url": "https://example.com/mine"}, "detail": {"images": [{"url": "https://example.com/mine"}]},
    }  # fmt: skip
    assert _read(format_, **answer, **pictures).video_url == LINK


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("/v1/files/x.mp4", f"{GATEWAY}/v1/files/x.mp4"), ("v1/files/x.mp4?a=1", f"{GATEWAY}/v1/files/x.mp4?a=1"),
        ("//cdn.example.com/x", "https://cdn.example.com/x"), ("HTTPS://CDN.example.com/x", "https://CDN.example.com/x"),
    ],
)  # fmt: skip
def test_a_relative_link_is_resolved_against_the_gateway(
    format_: WireFormat, link: str, absolute: str
) -> None:
    """Links may leave out the host, or the scheme; as a failure's text only an address or a video's path is one."""
    assert _read(format_, video_url=link).video_url == absolute
    sure = link.lower().startswith("http") or link.endswith(".mp4")
    assert _read(format_, fail_reason=link).video_url == (absolute if sure else None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"msg": "no cats"}, "no cats"), ({"errorMessage": "no cats"}, "no cats"),
        ({"failure_reason": "no cats"}, "no cats"), ({"raiMediaFilteredReasons": ["no", "cats"]}, "no; cats"),
        ({"code": 0, "msg": "SUCCESS", "data": {"fail_reason": "no cats"}}, "no cats"),
        ({"code": "success", "message": "success"}, None),
        ({"message": "outer", "data": {"message": "no cats"}}, "no cats"),
    ],
)  # fmt: skip
def test_the_reason_is_the_tasks_own(
    format_: WireFormat, answer: dict[str, Any], reason: str | None
) -> None:
    """Reasons of the field, lists among them; an envelope's `success` is no reason."""
    assert _read(format_, status="failed", **answer).failure_reason == reason


@pytest.mark.parametrize("code", [*CODES, 400, "402", 429, 503])
def test_a_refusal_is_told_by_its_code(code: int | str) -> None:
    """Each code of the documented errors, as number or text, without a task anywhere; with one it is no refusal."""
    stated = CODES.get(str(code)) or int(code)
    refusals: list[Any] = [
        {"code": code, "msg": "no", "data": None}, {"error": {"code": code}}, {"code": code, "request_id": "r"},
        {"code": code, "status": "error"}, [{"code": code}], {"data": {"code": code}},
    ]  # fmt: skip
    for body in refusals:
        assert refused_status(body) == stated, body
    tasks: list[Any] = [
        {"code": code, "data": {"id": "x"}}, {"code": code, "a": [{"b": {"task_id": 1}}]},
        {"code": code, "status": "queued"}, {"status": "failed", "error": {"code": code}},
    ]  # fmt: skip
    for body in tasks:
        assert refused_status(body) is None, body
    assert refused_status({"code": "success"}) is refused_status({"code": 200}) is None


@pytest.mark.parametrize("depth", [90, 150, 900])
def test_a_deep_answer_is_read_and_can_be_kept(format_: WireFormat, depth: int) -> None:
    """What is nested deeper than can be written again is left out; the task in it is read all the same."""
    body = b'{"id": "x:1", "status": "queued", "deep": ' + b"[" * depth + b"]" * depth + b"}"
    answer = read_success(Reply(200, {}, body))
    task = format_.read_created(answer, GATEWAY)
    assert VideoTask.from_json(task.to_json()) == task
    assert task.id == "x:1"


def test_a_large_answer_is_read(format_: WireFormat) -> None:
    """300 kB of fields that nobody knows hide nothing."""
    padding = {f"field_{n}": {"id": n, "url": LINK, "status": "failed"} for n in range(4000)}
    task = format_.read_created({**padding, "task_id": "t", "status": "queued"}, GATEWAY)
    assert (task.id, task.status) == ("t", "queued")


BARE: dict[str, Any] = {
    "id": "t-1", "status": "completed", "progress": 40, "created_at": 1763717400, "model": "m",
}  # fmt: skip
WRAPS = st.lists(
    st.tuples(
        st.sampled_from([name for plain in ENVELOPES for name in (plain, plain.title(), plain.upper())]),
        st.sampled_from([{}, {"code": "success", "message": "", "status": "SUCCESS"}, {"code": 0, "msg": "ok", "id": 7},
                         {"request_id": "r-1"}]),
        st.booleans(),
    ),
    max_size=4,
)  # fmt: skip


@given(wraps=WRAPS, status=st.sampled_from(["completed", "processing", "failed", "brand_new"]))
def test_an_envelope_changes_nothing(
    wraps: list[tuple[str, dict[str, Any], bool]], status: str
) -> None:
    """Wrapped in any of the envelopes, as often as they are seen, an answer reads as the bare one does."""
    link = {} if status == "brand_new" else {"video_url": LINK}
    bare = {**BARE, **link, "status": status, "fail_reason": "no cats"}
    answer: Any = bare
    for name, beside, listed in wraps:
        answer = {**beside, name: [answer] if listed else answer}
    assert read(answer) == read(bare)
    assert read([answer]) == read(bare)


@given(
    name=st.text(max_size=12).filter(lambda text: _is_unknown(text)),
    value=st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5,
    ),
)  # fmt: skip
def test_an_unknown_field_changes_nothing(name: str, value: Any) -> None:
    """Whatever a gateway adds under a name that is not in the table, all else reads as before."""
    assert read({name: value, **BARE}) == read({**BARE, name: value}) == read(BARE)


def _is_unknown(name: str) -> bool:
    folded = name.lower().replace("_", "").replace("-", "")
    places = {
        part for places in PLACES.values() for place in places for part in place.split(".")[:1]
    }
    known = {place.replace("[]", "").replace("_", "") for place in (*places, *ENVELOPES)}
    pictures = (
        "image",
        "picture",
        "thumb",
        "cover",
        "poster",
        "frame",
        "input",
        "reference",
        "avatar",
    )
    return folded not in known and not any(word in folded for word in pictures)


NESTED = st.recursive(
    st.none() | st.text(max_size=4),
    lambda inner: st.dictionaries(st.sampled_from([*ENVELOPES, "code"]), inner),
)


@given(answer=NESTED)
def test_layers_have_an_end(answer: Any) -> None:
    """However envelopes are nested, a bounded number of layers is looked at."""
    assert len(layers_of(answer)) <= sum(4**depth for depth in range(6))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


FIELDS = st.sampled_from(
    ["id", "status", "progress", "created_at", "completed_at", "status_update_time", "video_url",
     "url", "error", "detail", "data", "metadata", "output", "content", "model", "object", "size",
     "seconds", "fail_reason", "message", "updated_at", "ratio", "prompt", "expires_at", "type"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(answer=st.dictionaries(FIELDS, ANYTHING, max_size=8))
def test_no_answer_breaks_the_reading(answer: dict[str, Any]) -> None:
    """Any value in any field gives a task or `UnexpectedResponse`, in both formats, for create and query."""
    for format_ in FORMATS.values():
        known = VideoTask(id="known", format=format_.name)
        reads: list[Callable[[], VideoTask]] = [
            partial(format_.read_created, answer, GATEWAY),
            partial(format_.read_queried, answer, GATEWAY, known),
        ]
        for read_as in reads:
            try:
                task = read_as()
            except UnexpectedResponse:
                continue
            assert task.id
            assert task.progress is None or 0 <= task.progress <= 1
            assert task.video_url is None or task.video_url.lower().startswith("http")
            for moment in (task.created_at, task.updated_at):
                assert moment is None or moment.tzinfo is not None
            repr(task)


def test_the_tables_cover_both_formats() -> None:
    """The formats that the tests know are those that there are."""
    assert set(WIRES) == set(FORMATS)
