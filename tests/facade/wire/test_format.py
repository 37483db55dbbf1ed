"""What each wire format makes of answers: tasks that keep their id, and all that the gateway said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from chainhub_video import UnexpectedResponse, VideoTask
from chainhub_video.io import Reply
from chainhub_video.wire.failures import read_success
from chainhub_video.wire.format import WireFormat
from chainhub_video.wire.formats import FORMATS
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answering import say, tell
from tests.support.scripted import Gateway
from tests.support.wires import WIRES, Wire

GATEWAY = "https://gateway.example.com"
LINK = "https://cdn.example.com/x.mp4?sig=1"


@pytest.fixture(params=list(FORMATS))
def format_(request: pytest.FixtureRequest) -> WireFormat:
    """Each of the two formats' readers."""
    return FORMATS[request.param]


def test_the_tests_know_all_formats() -> None:
    """The formats that the tests know are those that there are."""
    assert set(WIRES) == set(FORMATS)


def test_a_query_adds_to_what_is_known(format_: WireFormat) -> None:
    """A query's answer replaces no id, keeps what only the create told, and stands in `raw` as a whole."""
    created = {
        "id": "x:1",
        "status": "queued",
        "model": "m",
        "created_at": 1763717400,
        "updated_at": 1763717401,
    }
    known = format_.read_created(created, GATEWAY)
    answer = {"id": "y", "status": "SUCCESS", "url": LINK, "progress": "40%", "new": {"deep": [1]}}
    task = format_.read_queried(answer, GATEWAY, known)
    assert (task.id, task.format, task.model) == ("x:1", format_.name, "m")
    assert task.created_at == known.created_at is not None
    assert task.updated_at == known.updated_at is not None
    assert (task.status, task.raw_status, task.done) == ("completed", "SUCCESS", True)
    assert (task.video_url, task.progress, task.failure_reason) == (LINK, 1.0, None)
    assert task.raw == answer
    failed = format_.read_queried(
        {"data": {"status": "failed", "fail_reason": "no", "model": "n"}}, GATEWAY, known
    )
    assert (failed.done, failed.failure_reason, failed.model) == (True, "no", "n")
    assert not known.done


def test_a_relative_link_is_resolved_against_the_gateway() -> None:
    """Links may leave out the host, or the scheme; as a failure's text only an address or a video's path is one."""
    known = VideoTask(id="x", format="unified")
    for link, absolute, sure in (
        ("/v1/files/x.mp4", f"{GATEWAY}/v1/files/x.mp4", True),
        ("v1/files/x.mp4?a=1", f"{GATEWAY}/v1/files/x.mp4?a=1", False),
        ("//cdn.example.com/x", "https://cdn.example.com/x", False),
        ("HTTPS://CDN.example.com/x", "https://CDN.example.com/x", True),
    ):
        for field, wanted in (("video_url", absolute), ("fail_reason", absolute if sure else None)):
            answer = {"status": "completed", field: link}
            task = FORMATS["unified"].read_queried(answer, GATEWAY, known)
            assert task.video_url == wanted, (field, link)


@pytest.mark.parametrize("depth", [90, 150, 900])
def test_a_deep_answer_is_read_and_can_be_kept(depth: int) -> None:
    """What is nested deeper than can be written again is left out; the task in it is read all the same."""
    body = b'{"id": "x:1", "status": "queued", "deep": ' + b"[" * depth + b"]" * depth + b"}"
    task = FORMATS["openai"].read_created(read_success(Reply(200, {}, body)), GATEWAY)
    assert VideoTask.from_json(task.to_json()) == task
    assert task.id == "x:1"


FIELDS = st.sampled_from(
    ["id", "status", "progress", "created_at", "completed_at", "status_update_time", "video_url",
     "url", "error", "detail", "data", "metadata", "output", "content", "model", "fail_reason",
     "message", "updated_at", "videos", "code"]
)  # fmt: skip
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(answer=st.dictionaries(FIELDS, ANYTHING, max_size=8))
def test_no_answer_breaks_the_reading(answer: dict[str, Any]) -> None:
    """Any value in any field gives a task or `UnexpectedResponse`, for create and query."""
    unified = FORMATS["unified"]
    known = VideoTask(id="known", format="unified")
    reads: list[Callable[[], VideoTask]] = [
        partial(unified.read_created, answer, GATEWAY),
        partial(unified.read_queried, answer, GATEWAY, known),
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


def test_the_creates_id_is_kept(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """Ids go out as they came in, and another id in a query's answer replaces nothing."""
    gateway.on("query", tell(wire.seen(id="another:1", model="other")))
    for task_id in (
        wire.task_id,
        "plain",
        "猫",
        "a/b==" * 40,
        'say "it\'s"',
        "two words",
        "%2F?#&",
    ):
        gateway.on("create", tell(wire.created(id=task_id)))
        task = wire.create(hub)
        assert task.id == task_id
        seen = hub.videos.retrieve(task)
        assert (seen.id, seen.raw["id"], seen.model) == (task_id, "another:1", "other")
        assert seen.format == wire.name


HUGE = "9" * 5000  # more digits than Python reads by itself


def test_a_huge_number_does_not_cost_the_rest(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """The task of a paid create is read around it, and the number is kept as its digits, also when saved as JSON."""
    for field in ("created_at", "progress", "something_new"):
        for place in (f'"{field}": {HUGE}', f'"data": [{{"{field}": -{HUGE}}}]'):
            body = f'{{"id": "{wire.task_id}", "status": "queued", {place}}}'
            gateway.on("create", say(200, body))
            task = wire.create(hub)
            assert (task.id, task.raw_status, task.progress) == (wire.task_id, "queued", None)
            assert HUGE in str(task.raw)
            assert VideoTask.from_json(task.to_json()) == task
    body = f'{{"id": "{wire.task_id}", "status": "processing", "queue": {HUGE}}}'
    gateway.on("query", say(200, body))
    assert hub.videos.retrieve(wire.task_id).raw["queue"] == HUGE
