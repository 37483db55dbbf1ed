"""What is read from an answer: id, state, link, progress, times and reason, in every place and spelling."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chainhub_video import TaskStatus
from chainhub_video.wire.answers import (
    CODES,
    ENVELOPES,
    PLACES,
    STATES,
    layers_of,
    read,
    refused_status,
)
from hypothesis import given, settings
from hypothesis import strategies as st

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
OTHER = "https://other.example.com/y.mp4"
MINE = "https://example.com/mine"
MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SECONDS = int(MOMENT.timestamp())
LONG_ID = 186702584330039

Cases = list[tuple[dict[str, Any], Any]]  # an answer, and what is read from it
NO_LINKS: list[Any] = [
    "", " ", None, 0, [], {}, "x.mp4", "N/A", "ftp://h/x", "http://", "http://a b/x", True,
]  # fmt: skip
NO_REASONS: list[Any] = [None, "", " ", {}, {"message": ""}, {"message": None}, [], 7]


def _done(**answer: Any) -> dict[str, Any]:
    return {"status": "completed", **answer}


def _failed(**answer: Any) -> dict[str, Any]:
    return {"status": "failed", **answer}


def _at(place: str, value: object) -> dict[str, Any]:
    """An answer with a value at a place."""
    for name in reversed(place.replace("[]", ".[]").split(".")):
        value = [value] if name == "[]" else {name: value}
    assert isinstance(value, dict)
    return value


def test_every_word_has_its_state() -> None:
    """Letter case, blanks around, and blanks or hyphens for an underscore do not matter; a new word goes on."""
    for table in (WORDS, STATES):
        for status, words in table.items():
            for word in words:
                for spelling in (word.upper(), word.title(), f" {word}\n", word.replace("_", "-")):
                    for name in ("status", "state", "task_status", "taskStatus"):
                        facts = read({name: spelling})
                        assert (facts.status, facts.word) == (status, spelling.strip())


IDS: Cases = [
    ({"id": LONG_ID}, str(LONG_ID)), ({"id": float(LONG_ID)}, str(LONG_ID)),
    ({"task_id": "t-1"}, "t-1"), ({"taskId": "t-1"}, "t-1"), ({"TaskID": "t-1"}, "t-1"),
    ({"code": "success", "data": {"task_id": "t-1"}}, "t-1"),
    ({"code": 0, "msg": "ok", "data": {"id": 17}}, "17"),
    ({"output": {"task_id": "t-1"}, "request_id": "r-1"}, "t-1"),
    ({"Response": {"JobId": "j", "TaskId": "t-1", "RequestId": "r-1"}}, "t-1"),
    ({"result": [{"id": "t-1"}]}, "t-1"), ({"data": {"data": {"id": "t-1"}}}, "t-1"),
    # a row number beside the public id
    ({"id": 42, "task_id": "t-1"}, "t-1"), ({"id": "42", "task_id": LONG_ID}, str(LONG_ID)),
    ({"id": 42, "data": {"task_id": "t-1"}}, "t-1"),
    # a row number alone names no task; the whole id does, and so does a text
    ({"id": 42, "task_id": {"n": 7}}, ""), ({"id": 42, "task_id": None}, ""), ({"id": "42", "task_id": " "}, ""),
    ({"id": LONG_ID, "task_id": ""}, str(LONG_ID)), ({"id": "t-1", "task_id": ""}, "t-1"),
    ({"id": -7}, ""), ({"id": "-7", "task_id": "t-1"}, "t-1"), ({"id": 42, "task_id": -7}, ""),
    # two texts that differ: the one that names the task in so many words
    ({"id": "x-1", "task_id": "t-1"}, "t-1"),
    # the request's own id, in an envelope that says how the HTTP call went
    ({"code": 0, "id": "req-9", "data": {"id": "t-1"}}, "t-1"),
    ({"request_id": "r-1"}, ""), ({"requestId": "r-1", "trace_id": "x"}, ""), ({"id": 0}, ""),
    ({"id": None, "task_id": ""}, ""), ({"id": {"id": "x"}}, ""), ({"id": True}, ""),
    ({"data": [{"id": "a"}, {"id": "b"}]}, ""), ({"input": {"id": "x"}}, ""),
    # 300 kB of fields that nobody knows hide nothing
    ({**{f"field_{n}": {"id": n, "status": "failed"} for n in range(4000)}, "task_id": "t"}, "t"),
]  # fmt: skip

# The deepest word counts, but not in a part that is not an envelope, and not what is said of the HTTP call.
STATE_WORDS: Cases = [
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
    (_done(detail={"status": "failed"}), "completed"),
]  # fmt: skip

LINKS: Cases = [
    *((_done(**_at(place, LINK)), LINK) for place in PLACES["link"]),
    # the first place wins
    (_done(video_url=LINK, url=OTHER, metadata={"url": OTHER}, data={"url": OTHER}), LINK),
    # only a completed task has one
    ({"status": "processing", "video_url": LINK}, None), (_failed(video_url=LINK), None), (_done(video_url=""), None),
    # what is no link hides none of the later places
    *((_done(video_url=bad, url=bad, detail={"url": LINK}), LINK) for bad in NO_LINKS),
    # the caller's own pictures and thumbnails are never the video
    *(
        (_done(**answer), None)
        for answer in (
            {"detail": {"images": [{"url": LINK}]}}, {"input": {"url": LINK, "video_url": LINK}},
            {"detail": {"input": {"url": LINK}}}, {"thumbnail_url": LINK}, {"images": [LINK]}, {"image_url": LINK},
            {"data": [{"url": LINK}], "images": [LINK]}, {"url": LINK, "input": {"image": {"url": LINK}}},
            {"output": [LINK], "first_frame": LINK}, {"url": "https://cdn.example.com/kitten.PNG?x=1"},
            {"video_url": LINK, "cover_url": LINK}, {"data": {"url": LINK}, "thumbnail_url": LINK},
        )
    ),
    # the places of the field, with pictures beside the video
    *(
        (
            _done(
                **answer, thumbnail_url="https://cdn.example.com/t", images=[MINE], input={"image_url": MINE},
                detail={"images": [{"url": MINE}]},
            ),
            LINK,
        )
        for answer in (
            {"resultUrl": LINK}, {"output": {"video_url": LINK}}, {"result": {"video_url": LINK}},
            {"data": {"task_result": {"videos": [{"url": LINK}]}}}, {"data": {"data": {"video_url": LINK}}},
            {"data": {"resultUrls": [LINK]}}, {"data": {"fail_reason": LINK}},
            {"videos": ["https://cdn.example.com/still.png", LINK]},
        )
    ),
]  # fmt: skip

# Percent as number or text, a fraction in its nested place, or nothing that can be understood.
PROGRESS: Cases = [
    *(
        ({"progress": told}, share)
        for told, share in (
            (0, 0.0), (30, 0.3), (100, 1.0), ("30%", 0.3), ("0", 0.0), (" 30 % ", 0.3), (0.5, 0.5), (55.5, 0.555),
            (1, 0.01), (1.0, 0.01), (250, 1.0), (-5, 0.0), (None, None), ("", None), ("soon", None), (True, None),
            ([], None), ("nan", None), ("inf", None), (10**400, None),
        )
    ),
    ({}, None),
    ({"detail": {"pending_info": {"progress_pct": 0.93}}}, 0.93),
    ({"progress": 0, "detail": {"pending_info": {"progress_pct": 0.93}}}, 0.0),
    ({"progress": None, "detail": {"pending_info": {"progress_pct": 0.93}}}, 0.93),
    ({"detail": {"progress": 40}}, 0.4), ({"data": {"progress": "40%"}}, 0.4),
    ({"detail": {"pending_info": []}}, None), ({"detail": "text"}, None),
    (_done(), 1.0), (_done(progress=99), 1.0),
]  # fmt: skip

# Seconds, milliseconds or ISO text become the same aware moment; 0 and nonsense become None.
TIMES = [
    (SECONDS, MOMENT), (SECONDS * 1000, MOMENT), (SECONDS * 1_000_000, MOMENT), (str(SECONDS), MOMENT),
    (float(SECONDS), MOMENT), (SECONDS * 1000 + 1, MOMENT + timedelta(milliseconds=1)),
    ("2026-11-21T09:30:00Z", MOMENT), ("2026-11-21T09:30:00", MOMENT), ("2026-11-21 09:30:00", MOMENT),
    ("2026-11-21T17:30:00+08:00", MOMENT), ("2026-11-21T09:30:00.000000Z", MOMENT), ("20261121T093000Z", MOMENT),
    (0, None), ("0", None), (-1, None), (None, None), ("", None), ("soon", None), (True, None), ([], None),
    ({}, None), (float("inf"), None), (10**400, None), ("2026-13-45", None), ("9999-99", None),
]  # fmt: skip
UPDATED = ("status_update_time", "updated_at", "completed_at")

REASONS: Cases = [
    *((_failed(**_at(place, " out of luck ")), "out of luck") for place in PLACES["reason"]),
    # an empty error hides no later reason, and alone gives none
    *((_failed(error=error), None) for error in NO_REASONS),
    *((_failed(error=error, fail_reason="nsfw"), "nsfw") for error in NO_REASONS),
    (_failed(errorMessage="no cats"), "no cats"), (_failed(raiMediaFilteredReasons=["no", "cats"]), "no; cats"),
    (_failed(msg="no cats"), "no cats"), (_failed(failure_reason="no cats"), "no cats"),
    (_failed(error={}, detail={"failure_reason": "no cats"}), "no cats"),
    # the deepest is the task's own, and an envelope's `success` is no reason
    (_failed(code=0, msg="SUCCESS", data={"fail_reason": "no cats"}), "no cats"),
    (_failed(code="success", message="success"), None),
    (_failed(message="outer", data={"message": "no cats"}), "no cats"),
    (_done(error={"message": "odd"}), None), ({"status": "processing", "error": {"message": "odd"}}, None),
]  # fmt: skip

FACTS: dict[str, Cases] = {
    "id": IDS,
    "word": STATE_WORDS,
    "link": LINKS,
    "progress": PROGRESS,
    "created_at": [({"created_at": told}, moment) for told, moment in TIMES],
    "updated_at": [({name: told}, moment) for name in UPDATED for told, moment in TIMES],
    "reason": REASONS,
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_read_wherever_it_is(fact: str) -> None:
    """Each place and spelling that has been seen is understood, and nothing else is taken for the fact."""
    for answer, wanted in FACTS[fact]:
        seen = getattr(read(answer), fact)
        shown = str(answer)[:200]
        assert seen == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), shown
        assert not isinstance(seen, datetime) or seen.tzinfo is not None, shown


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


BARE: dict[str, Any] = {
    "id": "t-1", "status": "completed", "progress": 40, "created_at": 1763717400, "model": "m",
}  # fmt: skip
BESIDE: list[dict[str, Any]] = [
    {}, {"code": "success", "message": "", "status": "SUCCESS"}, {"code": 0, "msg": "ok", "id": 7}, {"request_id": "r"},
]  # fmt: skip
NAMES = [spelling for name in ENVELOPES for spelling in (name, name.title(), name.upper())]
WRAPS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(BESIDE), st.booleans()), max_size=4
)


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
    assert read(answer) == read([answer]) == read(bare)


KNOWN = {
    place.partition(".")[0].replace("[]", "").replace("_", "")
    for places in PLACES.values()
    for place in places
} | set(ENVELOPES)
PICTURES = (
    "image", "picture", "thumb", "cover", "poster", "frame", "input", "reference", "avatar",
)  # fmt: skip


def _is_unknown(name: str) -> bool:
    folded = name.lower().replace("_", "").replace("-", "")
    return folded not in KNOWN and not any(word in folded for word in PICTURES)


ANYTHING = st.recursive(
    st.none() | st.text(max_size=4) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=60)
@given(name=st.text(max_size=12).filter(_is_unknown), value=ANYTHING)
def test_an_unknown_field_changes_nothing(name: str, value: Any) -> None:
    """Whatever a gateway adds under a name that is not in the table, all else reads as before."""
    assert read({name: value, **BARE}) == read({**BARE, name: value}) == read(BARE)


def test_layers_have_an_end() -> None:
    """However deep envelopes are nested, six layers are looked at."""
    answer: dict[str, Any] = {}
    for _ in range(20):
        answer = dict.fromkeys(ENVELOPES[:2], answer)
    assert len(layers_of(answer)) == sum(2**depth for depth in range(6))
