"""Make one video with the installed packages: run by the interpreter of a new environment, which knows nothing else."""

import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import chainhub_video
from chainhub_sandbox import Sandbox

assert Path(chainhub_video.__file__).is_relative_to(sys.prefix), chainhub_video.__file__
assert chainhub_video.__version__ == version("chainhub-video") == sys.argv[1]
with (
    tempfile.TemporaryDirectory() as folder,
    Sandbox(fast=True) as gateway,
    chainhub_video.ChainHub(base_url=gateway.url, api_key="sandbox") as hub,
):
    video, again = (
        hub.videos.generate(
            "A kitten",
            model="grok-video-3",
            aspect_ratio="3:2",
            save_to=Path(folder) / "kitten.mp4",
        )
        for _ in range(2)
    )
    assert video.sha256 == again.sha256
    assert (video.path.stat().st_size, gateway.paid) == (video.size, 1)
print(f"made {video.size:,} bytes, paid once")
