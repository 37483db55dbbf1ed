"""From a prompt and a picture to an MP4 on the disk, against the sandbox."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import av
from chainhub_sandbox import Sandbox
from chainhub_video import SavedVideo, TaskStatus, VideoTask

from tests.support.colours import Colour
from tests.support.drivers import every_format
from tests.support.wires import Wire, png

JOBS: dict[str, dict[str, Any]] = {
    "openai": {"image": png(), "seconds": 1},
    "unified": {"image": png((1080, 720))},
}


def _connect(colour: Colour, sandbox: Sandbox) -> Any:
    return colour.hub(sandbox.url, api_key="sandbox", inline_images=True)


@every_format
def test_a_prompt_and_a_picture_become_a_whole_mp4(
    colour: Colour, wire: Wire, sandbox: Sandbox, tmp_path: Path
) -> None:
    """One call pays once, tells each change once and in order, and leaves an MP4 that a decoder plays to its end."""
    hub, paid = _connect(colour, sandbox), sandbox.paid
    updates: list[VideoTask] = []
    sizes: list[tuple[int, int | None]] = []
    saved: SavedVideo = wire.generate(
        hub,
        **JOBS[wire.name],
        save_to=tmp_path / "kitten.mp4",
        on_update=updates.append,
        on_progress=lambda done, total: sizes.append((done, total)),
    )
    assert sandbox.paid == paid + 1
    content = saved.path.read_bytes()
    assert (saved.size, saved.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with av.open(str(saved.path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 3
    seen = [(task.status, task.raw_status, task.progress) for task in updates]
    assert len(set(seen)) == len(seen)
    assert seen[-1] == (TaskStatus.COMPLETED, "completed", 1.0)
    progress = [task.progress for task in updates if task.progress is not None]
    assert progress == sorted(progress)
    assert len({task.id for task in updates} | {saved.task.id}) == 1
    assert sizes[-1] == (saved.size, saved.size)
    assert sizes == sorted(sizes)
    assert not list(tmp_path.glob("*.part"))
