"""Integers of more digits than Python reads by itself, in answers that were paid for."""

from __future__ import annotations

from typing import Any

import pytest
from chainhub_video import VideoTask

from tests.support.answering import say, tell
from tests.support.scripted import Gateway
from tests.support.wires import Wire

HUGE = "9" * 5000


@pytest.mark.parametrize("field", ["created_at", "progress", "something_new", "status_update_time"])
def test_a_huge_number_does_not_cost_the_rest(
    hub: Any, wire: Wire, gateway: Gateway, field: str
) -> None:
    """The task of a paid create is read around it, and the number is kept as its digits, also when saved as JSON."""
    for place in (f'"{field}": {HUGE}', f'"data": [{{"{field}": -{HUGE}}}]'):
        gateway.on("create", say(200, f'{{"id": "{wire.task_id}", "status": "queued", {place}}}'))
        task = wire.create(hub)
        assert (task.id, task.raw_status, task.progress) == (wire.task_id, "queued", None)
        assert HUGE in str(task.raw)
        assert VideoTask.from_json(task.to_json()) == task


def test_a_huge_number_is_seen_while_waiting(hub: Any, wire: Wire, gateway: Gateway) -> None:
    """A query's answer is read around it, too."""
    body = f'{{"id": "{wire.task_id}", "status": "processing", "queue": {HUGE}}}'
    gateway.on("query", say(200, body), tell(wire.seen("completed", video_url="https://h/x.mp4")))
    assert hub.videos.retrieve(wire.task_id).raw["queue"] == HUGE
    assert hub.videos.wait(wire.task_id).done
