"""Make posters, one for each line of standard input: the program of a process that may be killed at any time.

It is run as a file, so that nothing of the folder it works for is imported. Videos are foreign: a decoder may hang,
crash or take all memory, and only this process is lost.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from fractions import Fraction
from typing import Any

import av

_WIDTH = 360  # pixels
_TALLEST = 640
_QUALITY = "50"
_MOST_FRAMES = 150  # that are decoded for one poster
_MOST_PIXELS = str(1 << 26)  # of a frame
_MOST_MEMORY = 3 << 30  # bytes
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def main() -> None:
    """Read jobs, `{"path": …, "at": seconds}`, and write `{"poster": base64}` or `{"problem": …}` for each."""
    _limit_memory()
    for line in sys.stdin:
        job: dict[str, Any] = json.loads(line)
        try:
            answer = {"poster": base64.b64encode(_poster(job["path"], job["at"])).decode()}
        except Exception as error:  # noqa: BLE001 - a hostile file may raise anything; it costs its own poster
            answer = {"problem": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def _poster(path: str, at: float) -> bytes:
    """Return a frame of a video as a small WebP.

    Args:
        path: the video.
        at: the frame's time in seconds.
    """
    # The format is given, and the file is open already: a playlist in its place must not make FFmpeg open others.
    with os.fdopen(os.open(path, _FLAGS), "rb") as file, av.open(file, "r", format="mp4") as video:
        stream = video.streams.video[0]
        stream.codec_context.options = {"max_pixels": _MOST_PIXELS}
        stream.codec_context.thread_count = 1
        if at > 0:
            video.seek(round(at * av.time_base))
        frame = None
        for _, frame in zip(range(_MOST_FRAMES), video.decode(stream), strict=False):
            if frame.time is None or frame.time >= at:
                break
        if frame is None:
            raise ValueError("it has no frame")
        return _webp(frame)


def _webp(frame: av.VideoFrame) -> bytes:
    scale = min(1.0, _WIDTH / frame.width, _TALLEST / frame.height)
    width, height = (max(2, round(side * scale / 2) * 2) for side in (frame.width, frame.height))
    small = frame.reformat(width=width, height=height, format="yuv420p")
    encoder = av.CodecContext.create("libwebp", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    encoder.options = {"quality": _QUALITY}
    small.pts = None
    return b"".join(bytes(part) for part in [*encoder.encode(small), *encoder.encode(None)])


if __name__ == "__main__":
    main()
