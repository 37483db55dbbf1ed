"""A task and a saved video on their own: values that may be stored and sent, and show themselves in notebooks."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import pickle
import re
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import attrs
import pytest
from chainhub_video import SavedVideo, TaskStatus, VideoTask
from chainhub_video import task as task_module

from tests.support.wires import OPENAI

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


TASK = VideoTask(
    id="grok:1", format="unified", model="grok-video-3", status=TaskStatus.FAILED,
    raw_status="video_generation_failed", progress=0.25, created_at=MOMENT,
    updated_at=MOMENT.astimezone(timezone(timedelta(hours=8))), video_url=None,
    failure_reason="no \u732b", raw={"id": "grok:1", "detail": {"n": [1, None, True]}},
)  # fmt: skip


def test_a_task_survives_json_pickle_and_copy() -> None:
    """A task may be stored and sent, comes back equal, and is never changed."""
    for task in (TASK, VideoTask(id="x", format="openai")):
        assert VideoTask.from_json(task.to_json()) == task
        assert json.loads(task.to_json())["id"] == task.id
        assert pickle.loads(pickle.dumps(task)) == task
        assert copy.deepcopy(task) == task
        assert hash(task) == hash(VideoTask.from_json(task.to_json()))
    with pytest.raises(AttributeError):
        TASK.status = TaskStatus.COMPLETED  # type: ignore[misc]  # that is the point


def test_what_is_no_tasks_json_is_a_value_error() -> None:
    """Text that is not a task's JSON is refused with one kind of error."""
    for text in (
        "", "{", "[]", "7", "null", '"x"', "{}", '{"id": "x"}', '{"id": "x", "format": "openai"}',
        '{"id": "x", "format": "openai", "status": "dancing"}',
        '{"id": "x", "format": "openai", "status": "queued", "created_at": "soon"}',
        '{"id": "x", "format": "openai", "status": "queued", "surprise": 1}',
    ):  # fmt: skip
        with pytest.raises(ValueError, match="not the JSON of a video task"):
            VideoTask.from_json(text)
    for name, value in (
        ("id", ""), ("id", None), ("progress", 1.5), ("progress", "x"), ("progress", True), ("raw", []),
        ("created_at", "2026-11-21T10:00:00"), ("created_at", 1763719200), ("video_url", "file:///etc/passwd"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="not the JSON of a video task"):
            VideoTask.from_json(json.dumps({**json.loads(TASK.to_json()), name: value}))


HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&'"


class Seen(HTMLParser):
    """What a browser would make of a card.

    Attributes:
        tags: their names, in order.
        attributes: of all tags.
        text: what is written between them.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def _saved(path: Path, content: bytes) -> SavedVideo:
    path.write_bytes(content)
    return SavedVideo(
        path=path,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        task=OPENAI.task(status=TaskStatus.COMPLETED),
    )


def test_a_task_shows_where_it_stands() -> None:
    """A card names the model, the gateway's own word, the id, the progress or the reason; nothing is made up."""
    running = {"status": TaskStatus.RUNNING, "raw_status": "video_upsampling", "progress": 0.42}
    seen = Seen(OPENAI.task(model="a-model", **running)._repr_html_())
    for words in ("a-model", "video_upsampling", OPENAI.task_id, "42%"):
        assert words in seen.text
    assert seen.tags.count("progress") == 1
    assert float(seen.attributes["value"] or "") == pytest.approx(0.42)
    failed = OPENAI.task(status=TaskStatus.FAILED, raw_status="failed", failure_reason="moderation")
    assert "moderation" in Seen(failed._repr_html_()).text
    bare = Seen(VideoTask(id="video_1", format="openai")._repr_html_())
    assert "video_1" in bare.text
    assert "queued" in bare.text
    assert "None" not in bare.text
    assert "progress" not in bare.tags


def test_nothing_foreign_becomes_markup(tmp_path: Path, video: bytes) -> None:
    """Whatever the gateway or a file's name says is text on the card: no tag or attribute of it is ever alive."""
    for field in ("id", "model", "raw_status", "failure_reason"):
        changes: dict[str, Any] = {field: HOSTILE}
        task = attrs.evolve(OPENAI.task(status=TaskStatus.FAILED, raw_status="failed"), **changes)
        seen = Seen(task._repr_html_())
        assert set(seen.tags) <= {"div", "b", "br", "code", "progress"}
        assert HOSTILE in seen.text
        assert not any(name.startswith("on") for name in seen.attributes)
    seen = Seen(_saved(tmp_path / "<img src=x onerror=alert(1)>.mp4", video)._repr_html_())
    assert "<img src=x onerror=alert(1)>.mp4" in seen.text
    assert "img" not in seen.tags


def test_a_saved_video_plays(tmp_path: Path, video: bytes) -> None:
    """A saved video is a player that holds the video itself, so that a shared notebook still plays."""
    seen = Seen(_saved(tmp_path / "kitten.mp4", video)._repr_html_())
    assert "video" in seen.tags
    source = seen.attributes["src"] or ""
    head, _, body = source.partition(",")
    assert head == "data:video/mp4;base64"
    assert base64.b64decode(body) == video
    assert "kitten.mp4" in seen.text
    assert f"{len(video):,} bytes" in seen.text


def test_a_large_or_vanished_video_is_only_named(
    tmp_path: Path, video: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would make a notebook too heavy, or is not there any more, is shown as its path and length."""
    saved = _saved(tmp_path / "kitten.mp4", video)
    monkeypatch.setattr(task_module, "_EMBED_LIMIT", len(video) - 1)
    heavy = Seen(saved._repr_html_())
    monkeypatch.undo()
    saved.path.unlink()
    gone = Seen(saved._repr_html_())
    for seen in (heavy, gone):
        assert "video" not in seen.tags
        assert "kitten.mp4" in seen.text


def test_reprs_are_short_and_hold_no_links(tmp_path: Path, video: bytes) -> None:
    """A `repr` fits a line or three, and shows neither signed links nor the whole answer."""
    task = OPENAI.task(
        status=TaskStatus.COMPLETED,
        raw_status="completed",
        video_url="https://cdn.example.com/x.mp4?signature=s3cret",
        raw={"prompt": "x" * 10_000},
    )
    for text in (repr(task), repr(_saved(tmp_path / "x.mp4", video))):
        assert len(text) < 900
        assert "s3cret" not in text
        assert re.search(r"status=<TaskStatus.COMPLETED", text)
