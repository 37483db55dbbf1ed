"""A process dies right after its create, and nothing is lost: the receipt beside the output names the paid task.

The first process is killed on purpose. Then the video is finished, in two ways that come to the same: `resume`, which
never pays, and the same `generate` again.
"""

from __future__ import annotations

import os
import subprocess
import sys

from chainhub_video import ChainHub, SavedVideo, VideoTask

OUTPUT = "crashed.mp4"


def make(hub: ChainHub, *, crash: bool = False) -> SavedVideo:
    """Make the video; or die as soon as the gateway has the task."""

    def update(task: VideoTask) -> None:
        print(f"{task.id} {task.raw_status}", flush=True)
        if crash:
            os._exit(1)  # as a power cut would: nothing is cleaned up

    return hub.videos.generate(
        "A horse at night",
        model="grok-video-3",
        aspect_ratio="3:2",
        save_to=OUTPUT,
        on_update=update,
    )


def main() -> None:
    """Crash in a process of its own, and go on in this one."""
    with ChainHub(max_creates=1) as hub:
        if "--crash" in sys.argv:
            make(hub, crash=True)
    subprocess.run([sys.executable, __file__, "--crash"], check=False)
    print(f"the process is dead; its receipt is {OUTPUT}.task.json")
    with ChainHub(max_creates=0) as hub:  # whatever happens now, nothing is paid
        video = hub.videos.resume(OUTPUT)
        print(f"resumed: {video.path}, {video.size:,} bytes, task {video.task.id}")
        assert make(hub).sha256 == video.sha256
        print("the same generate again: the same video, nothing was sent")


if __name__ == "__main__":
    main()
