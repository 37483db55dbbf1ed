"""One table for everything that an answer may say, and in how many ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chainhub_video import TaskStatus, UnexpectedResponse, VideoTask
from chainhub_video.wire.answers import LINK_PLACES, REASON_PLACES
from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.formats import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st

from .answering import tell
from .scripted import Gateway
from .wires import WIRES, Wire

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


LINK = "https://cdn.example.com/x.mp4?sig=1"


@pytest.fixture(params=list(FORMATS))
def format_(request: pytest.FixtureRequest) -> WireFormat:
    """Each of the two formats' readers."""
    return FORMATS[request.param]


def _read(format_: WireFormat, **answer: Any) -> VideoTask:
    """The task in a query's answer."""
    known = VideoTask(id="known:1", format=format_.name, model="asked")
    return format_.read_queried({"status": "completed", **answer}, known)


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
    for name in reversed(place.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("place", LINK_PLACES)
def test_the_link_is_found_in_every_place(format_: WireFormat, place: str) -> None:
    """Each place where a result's link has been seen is looked at."""
    assert _read(format_, **_at(place, LINK)).video_url == LINK


def test_the_places_of_links_are_those_that_were_seen() -> None:
    """The table has what the family's answers have, the top-level `video_url` first."""
    places = [
        "video_url", "url", "metadata.url", "detail.video_url", "detail.url", "output.url",
        "content.video_url",
    ]  # fmt: skip
    assert list(LINK_PLACES) == places + [f"data.{place}" for place in places]


@pytest.mark.parametrize(
    "answer",
    [
        {"detail": {"images": [{"url": LINK}]}},
        {"input": {"url": LINK, "video_url": LINK}},
        {"detail": {"input": {"url": LINK}}},
        {"thumbnail_url": LINK},
        {"images": [LINK]},
        {"image_url": LINK},
        {"data": [{"url": LINK}]},
    ],
)
def test_the_callers_own_pictures_are_never_the_result(
    format_: WireFormat, answer: dict[str, Any]
) -> None:
    """Links to inputs and thumbnails are not taken for the video."""
    assert _read(format_, **answer).video_url is None


@pytest.mark.parametrize("bad", ["", " ", None, 0, [], {}, "x.mp4", "ftp://h/x", "//h/x", True])
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


@pytest.mark.parametrize("place", REASON_PLACES)
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
     "sora-2:task_01K8", "plain", "猫"],
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
    known = format_.read_created(
        {"id": "x:1", "status": "queued", "model": "m", "created_at": SECONDS}
    )
    seen = format_.read_queried({"status": "processing"}, known)
    assert (seen.model, seen.created_at) == ("m", MOMENT)


def test_unknown_fields_are_kept(format_: WireFormat) -> None:
    """The whole answer is there in `raw`, fields that nobody documents included."""
    answer = {"status": "completed", "trace_id": "t", "upscaled": True, "new": {"deep": [1]}}
    assert _read(format_, **answer).raw == answer


def test_the_status_may_be_one_level_down(format_: WireFormat) -> None:
    """A query's answer that wraps everything in `data` is read all the same."""
    known = VideoTask(id="x", format=format_.name)
    wrapped = {"code": "success", "data": {"status": "SUCCESS", "url": LINK, "progress": "100%"}}
    task = format_.read_queried(wrapped, known)
    assert (task.status, task.video_url, task.raw_status) == ("completed", LINK, "SUCCESS")


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
        for read in (
            format_.read_created,
            lambda seen, f=format_, k=known: f.read_queried(seen, k),
        ):
            try:
                task = read(answer)
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
