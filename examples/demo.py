"""One video through each of ChainHub's two wire formats, from one picture.

The sandbox plays the gateway, on this machine: no key, no network, no money. For the real one, leave out the sandbox
and write `ChainHub()`, which takes the key from CHAINHUB_API_KEY.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import av
from chainhub_sandbox import Sandbox
from chainhub_video import (
    ChainHub,
    ChainHubError,
    InvalidRequest,
    PollPolicy,
    SavedVideo,
    VideoTask,
)

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "demo-output"
REQUESTS: tuple[dict[str, Any], ...] = (
    {"model": "veo_3_1", "size": "1280x720", "seconds": 8},  # the OpenAI video format
    {"model": "grok-video-3", "aspect_ratio": "3:2"},  # the unified format
)


def main() -> int:
    """Make both videos and say what came out.

    Returns:
        The exit status: 2 for a picture that cannot be used, 1 for any other failure.
    """
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("picture", nargs="?", default=HERE / "kitten.png", metavar="PICTURE")
    parser.add_argument("prompt", nargs="?", default="The kitten eats the fish", metavar="PROMPT")
    arguments = parser.parse_args()

    OUTPUT.mkdir(exist_ok=True)
    soon = PollPolicy(first=0.5)  # the sandbox takes seconds, not minutes
    with (
        Sandbox() as gateway,
        ChainHub(base_url=gateway.url, api_key="sandbox", inline_images=True, poll=soon) as hub,
    ):
        try:
            videos = [make(hub, arguments.picture, arguments.prompt, r) for r in REQUESTS]
        except ChainHubError as error:
            print(f"scripts/demo: {error}", file=sys.stderr)
            return 2 if isinstance(error, InvalidRequest) else 1
        for video in videos:
            print(describe(video))
        print(f"production would have charged {gateway.paid} creates; the sandbox charged nothing")
    return 0


def make(hub: ChainHub, picture: str | Path, prompt: str, request: dict[str, Any]) -> SavedVideo:
    """Make one video, showing how it goes."""
    name = request["model"]
    for left_over in OUTPUT.glob(f"{name}.mp4*"):  # of the last demo, whose sandbox is gone
        left_over.unlink()
    started = time.monotonic()

    def show(task: VideoTask) -> None:
        percent = "" if task.progress is None else f"{task.progress:4.0%}"
        print(
            f"{name:14}{time.monotonic() - started:5.1f} s {percent:5} {task.raw_status}",
            flush=True,
        )

    return hub.videos.generate(
        prompt, image=picture, save_to=OUTPUT / f"{name}.mp4", on_update=show, **request
    )


def describe(video: SavedVideo) -> str:
    """Return where a video lies and what it is, read from the file itself."""
    with av.open(video.path) as file:
        stream = file.streams.video[0]
        seconds = (file.duration or 0) / av.time_base
        return (
            f"{video.path}  {video.size:,} bytes  {stream.width}x{stream.height}  {seconds:.1f} s"
        )


if __name__ == "__main__":
    sys.exit(main())
