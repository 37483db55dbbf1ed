"""Check the pictures and videos of a recording, and hold the video that stands in for every other."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

from chainhub_video.downloads import mp4

PICTURE_FILE = Path(__file__).with_name("kitten.png")
"""What the scenarios send: 1280x720 in black and white, a few kB."""

PICTURE = PICTURE_FILE.read_bytes()
PICTURE_URI = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
VIDEO = Path(__file__).with_name("stand-in.mp4").read_bytes()
"""What stands in for every recorded video: a second of H.264 in less than a kB, without metadata."""

_DATA_URI = re.compile(r"data:([\w/+.-]*)(?:;[\w=-]+)*;base64,([A-Za-z0-9+/=_-]*)")


class Unclean(ValueError):
    """Something that must not stay, and that nothing can stand in for; the text says why."""


def is_video(body: bytes) -> bool:
    """Return whether a body begins as an MP4 does."""
    return body[4:8] == b"ftyp"


def check_video(body: bytes) -> None:
    """Refuse what is no whole MP4.

    Raises:
        Unclean: it is not.
    """
    try:
        mp4.check(io.BytesIO(body), len(body))
    except ValueError as error:
        raise Unclean(f"a video that is no whole MP4 ({error})") from error


def check_picture(content: bytes) -> None:
    """Refuse every picture but the one that the scenarios send: any other may tell anything.

    Raises:
        Unclean: it is another.
    """
    if content != PICTURE:
        raise Unclean(f"a file of {len(content):,} bytes that is not {PICTURE_FILE.name}")


def check_data_uri(text: str) -> None:
    """Refuse a text that is a data URI of anything but the picture that the scenarios send.

    Raises:
        Unclean: it does.
    """
    if text != PICTURE_URI and _DATA_URI.fullmatch(text):
        raise Unclean(f"a data URI that is not {PICTURE_FILE.name}")
