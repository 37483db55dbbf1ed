"""A local picture for a model that takes only links: the client asks your own host for one.

The unified format has no uploads. `image_host` is called with the picture's name and an open stream just before the
create, and returns the link that is sent. Here the host is a folder that your web server publishes; it might as well be
a bucket. The name is made of the content, so that a picture that is sent again lies there once, and nobody guesses it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import BinaryIO

from chainhub_video import ChainHub

PUBLISHED = Path(os.environ.get("PICTURES_FOLDER", "/srv/www/pictures"))
ADDRESS = os.environ.get("PICTURES_ADDRESS", "https://www.example.com/pictures")


def publish(name: str, picture: BinaryIO) -> str:
    """Put a picture into the published folder.

    Args:
        name: a plain file name with an ending that fits the content.
        picture: open at its first byte.

    Returns:
        The link that the gateway fetches it from.
    """
    content = picture.read()
    target = PUBLISHED / f"{hashlib.sha256(content).hexdigest()}{Path(name).suffix}"
    if not target.exists():
        draft = target.with_suffix(".part")
        draft.write_bytes(content)
        draft.replace(target)  # whole or not there, whoever asks
    return f"{ADDRESS}/{target.name}"


if __name__ == "__main__":
    picture = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).with_name("kitten.png")
    with ChainHub(image_host=publish, max_creates=1) as hub:
        video = hub.videos.generate(
            "The kitten is eating fish",
            model="grok-video-3",
            aspect_ratio="3:2",
            image=picture,
            save_to="hosted.mp4",
        )
    print(f"{video.path}: {video.size:,} bytes")
