"""One video from a prompt and a picture, saved as kitten.mp4. Run it again: it goes on, and is paid once.

The key comes from CHAINHUB_API_KEY. Without one, `chainhub-video sandbox` plays the gateway, and says what to export.
"""

from __future__ import annotations

from pathlib import Path

from chainhub_video import ChainHub, VideoTask


def show(task: VideoTask) -> None:
    """Print each visible change."""
    print(task.raw_status, "" if task.progress is None else f"{task.progress:.0%}", flush=True)


if __name__ == "__main__":
    with ChainHub(max_creates=1) as hub:
        video = hub.videos.generate(
            "The kitten is eating fish",
            model="veo_3_1",
            image=Path(__file__).with_name("kitten.png"),
            size="1280x720",
            save_to="kitten.mp4",
            on_update=show,
        )
    print(f"{video.path}: {video.size:,} bytes, task {video.task.id}")
