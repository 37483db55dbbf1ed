"""One small tree of errors that carry what their handlers need, the paid task among it."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path
from typing import Any

import chainhub_video
import pytest
from chainhub_video import (
    AuthenticationError,
    ChainHubError,
    DownloadFailed,
    NotFound,
    ServerError,
    TaskFailed,
    VideoTask,
    WaitTimeout,
)

from tests.support.answering import Answer, page, say, tell
from tests.support.scripted import Gateway
from tests.support.wires import Wire

TASK = VideoTask(id="video_1", format="openai", raw={"id": "video_1", "detail": {"x": [1]}})


def _every_class() -> list[type[ChainHubError]]:
    return [
        kind
        for kind in vars(chainhub_video).values()
        if inspect.isclass(kind) and issubclass(kind, ChainHubError)
    ]


def _made(kind: type[ChainHubError]) -> ChainHubError:
    """An error of a class with every attribute set to something."""
    accepted = inspect.signature(kind).parameters
    values: dict[str, Any] = {
        "task": TASK, "status_code": 429, "code": "c", "detail": "d", "request_id": "r",
        "body": "b", "retry_after": 1.5, "reason": "why", "url": "https://h/x",
    }  # fmt: skip
    return kind("the message", **{n: v for n, v in values.items() if n in accepted})


def test_every_error_survives_pickle_and_copy() -> None:
    """An error crosses processes with its message, its attributes, its notes and its task."""
    for kind in _every_class():
        error = _made(kind)
        error.add_note("a note")
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(again) is kind
            assert str(again) == "the message"
            assert vars(again) == vars(error)
            assert again.task == TASK


def test_the_docstring_draws_the_whole_tree() -> None:
    """Every class of the tree stands in the drawing of its module, below its base, and is documented."""
    drawing = inspect.getdoc(chainhub_video.errors) or ""
    for kind in _every_class():
        assert kind.__name__ in drawing
        assert kind.__doc__
        assert kind.__module__ == "chainhub_video.errors"
    assert issubclass(WaitTimeout, TimeoutError)  # whoever catches Python's own catches it


def test_a_task_is_attached_once() -> None:
    """`about` names the id in the message unless it is there, and keeps a task that an error has."""
    error = ServerError("it broke").about(TASK)
    assert str(error) == "it broke (task video_1)"
    assert str(error.about(VideoTask(id="other", format="openai"))) == "it broke (task video_1)"
    assert str(ServerError("video_1 broke").about(TASK)) == "video_1 broke"


def test_every_error_after_a_create_carries_the_task(
    hub: Any, wire: Wire, gateway: Gateway, elsewhere: Gateway, tmp_path: Path
) -> None:
    """However `generate` ends badly, the paid task is in the error, and its id in the message."""
    gateway.on("create", tell(wire.created()))
    gateway.on("content", tell({"error": {"message": "gone"}}, 404))
    elsewhere.on("/dead.mp4", say(404))
    elsewhere.on("/page.mp4", page(200))
    links = [
        wire.seen("completed", video_url=f"{elsewhere.url}/{name}.mp4") for name in ("dead", "page")
    ]
    gone = (DownloadFailed, NotFound)
    ends: list[tuple[Answer, type[ChainHubError] | tuple[type[ChainHubError], ...]]] = [
        (tell(wire.seen("failed", fail_reason="moderation")), TaskFailed),
        (tell({"error": {"message": "no"}}, 401), AuthenticationError),
        (tell(wire.seen()), WaitTimeout),
        (tell(wire.seen("completed")), gone),
        *((tell(link), gone) for link in links),
    ]
    for number, (answer, kind) in enumerate(ends, 1):
        gateway.on("query", answer)
        timeout = 0.2 if kind is WaitTimeout else 5
        with pytest.raises(kind, match=wire.task_id) as raised:
            wire.generate(hub, save_to=tmp_path / f"{number}.mp4", timeout=timeout)
        assert raised.value.task is not None
        assert raised.value.task.id == wire.task_id
        assert gateway.count("create") == number
    assert not [*tmp_path.glob("*.mp4")]
