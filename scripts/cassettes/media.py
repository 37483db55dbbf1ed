"""Hold the picture that the scenarios send, and the video that stands in for every other."""

from __future__ import annotations

import base64
from pathlib import Path

PICTURE_FILE = Path(__file__).with_name("kitten.png")
"""What the scenarios send: 1280x720 in black and white, a few kB."""

PICTURE = PICTURE_FILE.read_bytes()
PICTURE_URI = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
VIDEO = Path(__file__).with_name("stand-in.mp4").read_bytes()
"""What stands in for every recorded video: a second of H.264 in less than a kB, without metadata."""
