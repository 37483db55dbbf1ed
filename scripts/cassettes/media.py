"""Check the pictures and videos of a recording, and hold the video that stands in for every other."""

from __future__ import annotations

import base64
import io
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from chainhub_video.downloads import mp4

PICTURE = Path(__file__).with_name("kitten.png")
"""What the scenarios send: 1280x720 in black and white, a few kB."""

DATA_URI = re.compile(r"data:([\w/+.-]*)(?:;[\w=-]+)*;base64,([A-Za-z0-9+/=_-]*)")


class Unclean(ValueError):
    """Something that must not stay, and that nothing can stand in for; the text says why."""


@cache
def stand_in() -> bytes:
    """Return the video that stands in for every recorded one: a second of H.264 in less than a kB, without metadata."""
    return Path(__file__).with_name("stand-in.mp4").read_bytes()


@cache
def stand_in_sha256() -> str:
    """Return the digest of what a replay saves."""
    return sha256(stand_in()).hexdigest()


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
    if content != PICTURE.read_bytes():
        raise Unclean(f"a file of {len(content):,} bytes that is not {PICTURE.name}")


def check_data_uri(reference: str) -> None:
    """Refuse a data URI that holds anything but the picture that the scenarios send.

    Raises:
        Unclean: it does.
    """
    encoded = base64.b64encode(PICTURE.read_bytes()).decode()
    if reference != f"data:image/png;base64,{encoded}":
        raise Unclean(f"a data URI that is not {PICTURE.name}")
