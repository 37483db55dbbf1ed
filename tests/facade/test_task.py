"""A task on its own: a value that may be stored and sent."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone

import pytest
from chainhub_video import TaskStatus, VideoTask

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


TASK = VideoTask(
    id="grok:1", format="unified", model="grok-video-3", status=TaskStatus.FAILED,
    raw_status="video_generation_failed", progress=0.25, created_at=MOMENT,
    updated_at=MOMENT.astimezone(timezone(timedelta(hours=8))), video_url=None,
    failure_reason="no \u732b", raw={"id": "grok:1", "detail": {"n": [1, None, True]}},
)  # fmt: skip


@pytest.mark.parametrize("task", [TASK, VideoTask(id="x", format="openai")])
def test_a_task_survives_json_pickle_and_copy(task: VideoTask) -> None:
    """A task may be stored and sent, and comes back equal."""
    assert VideoTask.from_json(task.to_json()) == task
    assert json.loads(task.to_json())["id"] == task.id
    assert pickle.loads(pickle.dumps(task)) == task
    assert copy.deepcopy(task) == task
    assert hash(task) == hash(VideoTask.from_json(task.to_json()))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "null", '"x"', "{}", '{"id": "x"}', '{"id": "x", "format": "openai"}',
     '{"id": "x", "format": "openai", "status": "dancing"}',
     '{"id": "x", "format": "openai", "status": "queued", "created_at": "soon"}',
     '{"id": "x", "format": "openai", "status": "queued", "surprise": 1}',
     '{"id": 7, "format": "openai", "status": "queued"}'],
)  # fmt: skip
def test_what_is_no_tasks_json_is_a_value_error(text: str) -> None:
    """Text that is not a task's JSON is refused with one kind of error."""
    with pytest.raises(ValueError, match="not the JSON of a video task"):
        VideoTask.from_json(text)


def test_a_task_does_not_change() -> None:
    """A task is a value: nobody changes it under somebody else's feet."""
    with pytest.raises(AttributeError):
        TASK.status = TaskStatus.COMPLETED  # type: ignore[misc]
