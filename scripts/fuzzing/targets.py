"""What is thrown at: each function calls one reader, and asserts what must hold of anything that it returns."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import httpx
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
from chainhub_video.images import pictures
from chainhub_video.io import Reply
from chainhub_video.settings import checked_base_url
from chainhub_video.wire import answers, failures
from chainhub_video.wire.formats import FORMATS
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from . import material
from .files import OddFile, sources

GATEWAY = "https://gateway.example"
LONGEST_MESSAGE = 2000  # characters


class Target(NamedTuple):
    """One reader, and what to throw at it.

    Attributes:
        read: is given the material; raises nothing but `refusals`, and asserts what holds of the result.
        thrown: the material, as arguments.
        refusals: the documented exceptions.
    """

    read: Callable[..., None]
    thrown: tuple[SearchStrategy[Any], ...]
    refusals: tuple[type[Exception], ...] = ()


def _check_message(error: ChainHubError) -> None:
    text = str(error)
    assert text, "an error without words"
    assert len(text) <= LONGEST_MESSAGE, f"a message of {len(text)} characters"
    assert text.isprintable(), "a message of several lines, or with control characters"


def _check_moment(moment: datetime | None) -> None:
    assert moment is None or moment.tzinfo is not None
    assert moment is None or datetime.fromisoformat(moment.isoformat()) == moment


def _check_share(share: float | None) -> None:
    assert share is None or (type(share) in (int, float) and 0.0 <= share <= 1.0)


def _check_link(link: str | None) -> None:
    assert link is None or link.lower().startswith(("http://", "https://"))


def _check_task(task: VideoTask) -> None:
    assert isinstance(task.status, TaskStatus)
    assert isinstance(task.raw_status, str)
    assert isinstance(task.id, str)
    assert task.id
    assert task.model is None or isinstance(task.model, str)
    _check_share(task.progress)
    _check_moment(task.created_at)
    _check_moment(task.updated_at)
    _check_link(task.video_url)
    assert task._repr_html_()
    repr(task)
    text = task.to_json()
    text.encode()
    assert VideoTask.from_json(text).to_json() == text


def _check_reason(task: VideoTask) -> None:
    assert task.failure_reason is None or task.failure_reason.strip()
    assert task.status is TaskStatus.FAILED or task.failure_reason is None


def _read_created(name: str, answer: Mapping[str, Any]) -> None:
    try:
        task = FORMATS[name].read_created(answer, GATEWAY)
    except UnexpectedResponse as error:
        _check_message(error)
        assert not answers.read(answer).id
        raise
    _check_task(task)
    _check_reason(task)
    assert list(task.raw) == list(answer)


def _read_queried(name: str, answer: Mapping[str, Any]) -> None:
    known = VideoTask(id="video_known", format=FORMATS[name].name, model="a-model")
    try:
        task = FORMATS[name].read_queried(answer, GATEWAY, known)
    except UnexpectedResponse as error:
        _check_message(error)
        raise
    _check_task(task)
    _check_reason(task)
    assert task.id == known.id
    assert task.raw_status


def _read_whole_answer(name: str, status: int, headers: dict[str, str], body: bytes) -> None:
    reply = Reply(status, headers, body)
    try:
        answer = failures.read_success(reply)
    except (APIError, UnexpectedResponse) as error:
        _check_message(error)
        told = failures.stated_refusal(reply).status
        if isinstance(error, APIError) != (told >= 400):
            raise AssertionError("an error of the wrong kind") from error
        return
    assert 200 <= status < 300
    for read in (_read_created, _read_queried):
        with suppress(UnexpectedResponse):
            read(name, answer)


def _read_refusal(status: int, headers: dict[str, str], body: bytes) -> None:
    error = failures.error_for(Reply(status, headers, body))
    _check_message(error)
    assert error.status_code == status
    assert isinstance(error.message, str)
    assert len(error.body) <= 4000
    assert error.retry_after is None or 0 <= error.retry_after < math.inf
    code, _message = failures.read_error_body(body)
    assert code == error.code
    poll_after = failures.poll_after_of(headers)
    assert poll_after is None or 0 <= poll_after < math.inf


def _read_places(value: object) -> None:
    facts = answers.read(value)
    assert facts.word.strip() == facts.word
    assert facts.id.strip() == facts.id
    _check_share(facts.progress)
    _check_moment(facts.created_at)
    _check_moment(facts.updated_at)
    number = answers.number_of(value)
    assert number is None or math.isfinite(number)
    for text in (facts.reason, facts.model, answers.reason_in(value), answers.link_in(value)):
        assert text is None or text.strip() == text != ""
    stated = answers.refused_status(value)
    assert stated is None or 400 <= stated < 600


def _exchange(status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, content=body)

    http = httpx.Client(transport=httpx.MockTransport(answer), trust_env=False)
    with http, ChainHub(base_url="https://gateway.example", api_key="k", http_client=http) as hub:
        try:
            _check_task(hub.videos.retrieve("video_1"))
        except ChainHubError as error:
            _check_message(error)
            raise


def _check_video(content: bytes) -> None:
    mp4.check(io.BytesIO(content), len(content))
    assert content[4:8] == b"ftyp"
    assert b"moov" in content
    assert b"mdat" in content


def _read_saved_task(text: str) -> None:
    _check_task(VideoTask.from_json(text))


def _open_picture(source: Any) -> None:
    try:
        picture = pictures.open_picture(source)
    except ChainHubError as error:
        _check_message(error)
        raise
    try:
        assert picture.name
        assert picture.media_type.startswith("image/")
        assert isinstance(source, OddFile) or picture.size == len(picture.stream.read()) > 0
    finally:
        picture.close()


def _read_base_url(text: str) -> None:
    try:
        url = checked_base_url(text)
    except ConfigurationError as error:
        _check_message(error)
        raise
    try:
        seen = httpx.URL(url + "/v1/videos")
    except httpx.InvalidURL:
        return  # nothing can be sent there, and so no key
    assert seen.scheme == "https" or seen.host in ("localhost", "::1") or seen.host[:4] == "127."
    assert not seen.userinfo
    assert not seen.query
    assert not seen.fragment


def _changed(answer: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Return the JSON of a task that was read from an answer, with changes that nobody made for its good."""
    task = FORMATS["unified"].read_created({**answer, "task_id": "grok:1"}, GATEWAY)
    return json.dumps({**json.loads(task.to_json()), **changes})


_saved_tasks = st.builds(
    _changed,
    material.answer_objects,
    st.dictionaries(
        st.sampled_from(
            (
                *("id", "format", "model", "status", "raw_status", "progress", "created_at"),
                *("updated_at", "video_url", "failure_reason", "raw", "new_field"),
            )
        ),
        material.values,
        max_size=2,
    ),
)
_formats = st.sampled_from(sorted(FORMATS))

TARGETS: Mapping[str, Target] = {
    "created": Target(_read_created, (_formats, material.answer_objects), (UnexpectedResponse,)),
    "queried": Target(_read_queried, (_formats, material.answer_objects), (UnexpectedResponse,)),
    "answer": Target(
        _read_whole_answer,
        (_formats, st.just(200) | material.statuses, material.headers, material.bodies),
    ),
    "refusal": Target(_read_refusal, (material.statuses, material.headers, material.bodies)),
    "exchange": Target(
        _exchange,
        (material.statuses, material.raw_headers, material.bodies),
        (ChainHubError,),
    ),
    "places": Target(_read_places, (material.values | material.answer_objects,)),
    "video": Target(_check_video, (material.videos,), (ValueError,)),
    "saved task": Target(
        _read_saved_task,
        (_saved_tasks | st.text() | st.sampled_from(("[" * 100_000, "null", "{}", "1e400")),),
        (ValueError,),
    ),
    "picture": Target(_open_picture, (sources,), (ChainHubError,)),
    "base_url": Target(_read_base_url, (material.addresses,), (ConfigurationError,)),
}
