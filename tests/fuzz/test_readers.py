"""Hostile answers, files and addresses: each reader ends in a sound value or in an error that it documents, and soon.

For minutes instead of seconds, with other cases each time: `pytest --hypothesis-profile=fuzz tests/fuzz`.
"""

from __future__ import annotations

import io
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

import httpx
import pytest
from chainhub_video import (
    APIError,
    ChainHub,
    ChainHubError,
    ConfigurationError,
    TaskStatus,
    UnexpectedResponse,
    VideoTask,
)
from chainhub_video.downloads import mp4
from chainhub_video.images.pictures import open_picture
from chainhub_video.io import Reply
from chainhub_video.settings import checked_base_url
from chainhub_video.wire import failures
from chainhub_video.wire.answers import link_in, number_of, read, reason_in, refused_status
from chainhub_video.wire.formats import FORMATS
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from tests.fuzz import material
from tests.fuzz.material import OddFile

GATEWAY = "https://gateway.example"
LIMIT = 1.0  # seconds of the processor's time that one case may take

formats = st.sampled_from([FORMATS[name] for name in sorted(FORMATS)])
seen: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def _some_are_taken_and_some_refused() -> Iterator[None]:
    """Fail a property whose material was all of one kind."""
    seen.clear()
    yield
    assert seen["failed"] or all(seen.values()), seen


@contextmanager
def ends_well(*refusals: type[Exception]) -> Iterator[None]:
    """Let a reader refuse with an error that it documents, in a readable line, and take no more than a second."""
    seen.update({"taken": 0, **({"refused": 0} if refusals else {})})
    began = time.thread_time()
    try:
        yield
        seen["taken"] += 1
    except refusals as error:
        seen["refused"] += 1
        if isinstance(error, ChainHubError):
            check_message(error)
    except BaseException:
        seen["failed"] += 1
        raise
    assert time.thread_time() - began < LIMIT


def check_message(error: ChainHubError) -> None:
    """Fail unless an error is one readable line."""
    assert 0 < len(str(error)) <= 2000
    assert str(error).isprintable()


def check_moment(moment: datetime | None) -> None:
    """Fail if a moment has no zone, or cannot be written."""
    if moment is not None:
        assert moment.tzinfo is not None
        assert datetime.fromisoformat(moment.isoformat()) == moment


def check_share(share: float | None) -> None:
    """Fail if a share is none between 0 and 1."""
    assert share is None or (type(share) in (int, float) and 0.0 <= share <= 1.0)


def check_task(task: VideoTask) -> None:
    """Fail unless a task is whole, and is itself again when its JSON is read."""
    assert isinstance(task.status, TaskStatus)
    assert isinstance(task.raw_status, str)
    assert isinstance(task.id, str)
    assert task.id
    assert task.model is None or isinstance(task.model, str)
    check_share(task.progress)
    check_moment(task.created_at)
    check_moment(task.updated_at)
    assert task.video_url is None or task.video_url.lower().startswith(("http://", "https://"))
    assert task._repr_html_()
    repr(task)
    text = task.to_json()
    text.encode()
    assert VideoTask.from_json(text).to_json() == text


def check_created(wire: Any, answer: Mapping[str, Any]) -> None:
    """Fail unless the answer to a create is a sound task, or is refused because it names none."""
    try:
        task = wire.read_created(answer, GATEWAY)
    except UnexpectedResponse:
        assert not read(answer).id
        raise
    check_task(task)
    check_reason(task)
    assert list(task.raw) == list(answer)


def check_queried(wire: Any, answer: Mapping[str, Any]) -> None:
    """Fail unless the answer to a query is a sound state of the task that was asked for, or is refused."""
    known = VideoTask(id="video_known", format=wire.name, model="a-model")
    task = wire.read_queried(answer, GATEWAY, known)
    check_task(task)
    check_reason(task)
    assert task.id == known.id
    assert task.raw_status


def check_reason(task: VideoTask) -> None:
    """Fail if a task gives a reason that is empty, or one without having failed."""
    assert task.failure_reason is None or task.failure_reason.strip()
    assert task.status is TaskStatus.FAILED or task.failure_reason is None


@pytest.mark.parametrize("check", [check_created, check_queried])
@given(formats, material.answers)
def test_answer(
    check: Callable[[Any, Mapping[str, Any]], None], wire: Any, answer: dict[str, Any]
) -> None:
    """An answer is a sound task, or refused because it names none, or says nothing of its state."""
    with ends_well(UnexpectedResponse):
        check(wire, answer)


@given(formats, st.just(200) | material.statuses, material.headers, material.bodies)
def test_whole_answer(wire: Any, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """An answer of any status and body is read, or is the error that its status or its body says."""
    reply = Reply(status, dict(headers), body)
    with ends_well(APIError, UnexpectedResponse):
        try:
            answer = failures.read_success(reply)
        except (APIError, UnexpectedResponse) as error:
            told = failures.stated_refusal(reply).status
            if isinstance(error, APIError) != (told >= 400):
                raise AssertionError("an error of the wrong kind") from error
            raise
        assert 200 <= status < 300
        for check in (check_created, check_queried):
            with suppress(UnexpectedResponse):
                check(wire, answer)


@given(material.statuses, material.headers, material.bodies)
def test_refusal(status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """A refusal is an error in one readable line, with pauses that can be slept."""
    with ends_well():
        error = failures.error_for(Reply(status, dict(headers), body))
        check_message(error)
        assert error.status_code == status
        assert isinstance(error.message, str)
        assert len(error.body) <= 4000
        code, _message = failures.read_error_body(body)
        assert code == error.code
        for pause in (error.retry_after, failures.poll_after_of(dict(headers))):
            assert pause is None or 0 <= pause < math.inf


@given(material.values | material.answers)
@example({"id": " video_1 ", "status": " queued ", "created_at": "2026-11-21"})
@example({"model": " sora-2 ", "error": " refused "})
def test_places(value: object) -> None:
    """What is read from the places of an answer is trimmed, finite and of its type."""
    with ends_well():
        facts = read(value)
        assert facts.word.strip() == facts.word
        assert facts.id.strip() == facts.id
        check_share(facts.progress)
        check_moment(facts.created_at)
        check_moment(facts.updated_at)
        number = number_of(value)
        assert number is None or math.isfinite(number)
        for text in (facts.reason, facts.model, reason_in(value), link_in(value)):
            assert text is None or text.strip() == text != ""
        stated = refused_status(value)
        assert stated is None or 400 <= stated < 600


@given(st.just(200) | material.statuses, material.headers, material.bodies)
@example(200, [], b'{"id": "video_1", "status": "queued"}')
@example(400, [], b"")
def test_exchange(status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """The client itself returns a sound task or raises an error of its own, whatever a server's headers hold."""
    sent = [(name.encode(), value.encode("utf-8", "surrogatepass")) for name, value in headers]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=sent, content=body)

    http = httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)
    with ends_well(ChainHubError), http:
        hub = ChainHub(base_url=GATEWAY, api_key="k", http_client=http)
        check_task(hub.videos.retrieve("video_1"))


@given(material.videos)
def test_video(content: bytes) -> None:
    """A file that is taken for a video has what every MP4 has."""
    with ends_well(ValueError):
        mp4.check(io.BytesIO(content), len(content))
        assert content[4:8] == b"ftyp"
        assert b"moov" in content
        assert b"mdat" in content


def _changed(answer: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    task = FORMATS["unified"].read_created({**answer, "task_id": "grok:1"}, GATEWAY)
    return json.dumps({**json.loads(task.to_json()), **changes})


FIELDS = (
    *("id", "format", "model", "status", "raw_status", "progress", "created_at", "updated_at"),
    *("video_url", "failure_reason", "raw", "new_field"),
)


@given(
    st.one_of(
        st.builds(
            _changed,
            material.answers,
            st.dictionaries(st.sampled_from(FIELDS), material.values, max_size=2),
        ),
        st.text(),
        st.sampled_from(("[" * 100_000, "null", "{}", "1e400")),
    )
)
def test_saved_task(text: str) -> None:
    """The JSON of a task that somebody changed is refused, or is a sound task."""
    with ends_well(ValueError):
        check_task(VideoTask.from_json(text))


@given(material.picture_sources)
def test_picture(source: Any) -> None:
    """What is given as a picture is opened with a name, a type and its true size, or refused."""
    with ends_well(ChainHubError):
        picture = open_picture(source)
        try:
            assert picture.name
            assert picture.media_type.startswith("image/")
            assert isinstance(source, OddFile) or picture.size == len(picture.stream.read()) > 0
        finally:
            picture.close()


@given(material.addresses)
@example("https://example.com")
@example("https://example.com/?to=elsewhere")
@example("https://user@example.com")
@example("http://example.com")
def test_base_url(text: str) -> None:
    """A gateway's address is refused if the key would leave without encryption, or with anything besides the host."""
    with ends_well(ConfigurationError):
        url = checked_base_url(text)
        try:
            reached = httpx.URL(url + "/v1/videos")
        except httpx.InvalidURL:
            return  # nothing can be sent there, and so no key
        assert reached.scheme == "https" or (
            reached.host in ("localhost", "::1") or reached.host.startswith("127.")
        )
        assert not any((reached.userinfo, reached.query, reached.fragment))


def test_a_reader_that_trusts_its_input_is_found() -> None:
    """The material itself holds what makes a careless reader fail."""

    @settings(phases=[Phase.generate])
    @given(material.bodies)
    def trusting(body: bytes) -> None:
        json.loads(body)

    with pytest.raises((RecursionError, ValueError, ExceptionGroup)):
        trusting()


@pytest.mark.parametrize("levels", [100, 101, 900, 100_000])
def test_depth_has_a_limit(levels: int) -> None:
    """An answer is read to 100 levels, and one that the interpreter cannot read is refused in words."""
    body = b'{"a":' * levels + b"1" + b"}" * levels
    if levels > 1000:
        with pytest.raises(UnexpectedResponse, match="nested too deeply"):
            failures.read_success(Reply(200, {}, body))
        with pytest.raises(ValueError, match="nested too deeply"):
            failures.load_json(body)
    else:
        answer = failures.read_success(Reply(200, {}, body))
        assert json.dumps(answer).count("{") == min(levels, 101)
