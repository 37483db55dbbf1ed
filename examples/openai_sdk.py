"""A video by way of the openai SDK, whose `videos` speak one of ChainHub's two wire formats.

The sandbox plays the gateway, on this machine: no key, no network, no money. What the SDK does not do for you is in
docs/openai-sdk.md.
"""

from __future__ import annotations

import sys
import time
import warnings
from pathlib import Path

import openai
from chainhub_sandbox import Sandbox

KITTEN = Path(__file__).with_name("kitten.png")

# Its makers are about to give up their own service, and warn at every call.
warnings.filterwarnings("ignore", "The Sora API", DeprecationWarning)


def main() -> int:
    """Make the video, and save it in the working directory as kitten.mp4."""
    with (
        Sandbox(fast=True, pace=0.3) as gateway,
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="sandbox") as client,
    ):
        video = client.videos.create(
            model="veo_3_1",
            prompt="The kitten is eating fish",
            seconds="8",
            size="1280x720",
            input_reference=KITTEN,
        )
        # Not `create_and_poll`: it takes a state that OpenAI does not have, such as `processing`, for the end.
        while video.status not in ("completed", "failed"):
            print(f"{video.id} {video.status} {video.progress} %", flush=True)
            time.sleep(0.5)
            video = client.videos.retrieve(video.id)
        if video.status == "failed":
            print(f"{video.id} failed: {video.error}", file=sys.stderr)
            return 1
        client.videos.download_content(video.id).write_to_file("kitten.mp4")
        print(f"{video.id} {video.status}: kitten.mp4, {Path('kitten.mp4').stat().st_size:,} bytes")
        print(f"production would have charged {gateway.paid} create")
    return 0


if __name__ == "__main__":
    sys.exit(main())
