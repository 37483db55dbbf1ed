"""Write single lines to standard output and standard error, whatever the gateway or the user put into them."""

from __future__ import annotations

import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from chainhub_video.task import SavedVideo, VideoTask

PROGRAM = "chainhub-video"


class Interrupted(Exception):
    """Ctrl-C; the text says what becomes of the task."""


def one_line(text: str) -> str:
    """Return the text without line breaks, escapes and whatever else steers a terminal.

    A byte of a name that is not UTF-8 is written in hex, as a shell would.
    """
    text = re.sub("[\udc80-\udcff]", lambda odd: f"\\x{ord(odd[0]) - 0xDC00:02x}", text)
    lines = "".join(c if c.isprintable() else "\n" for c in text).strip()
    return re.sub(r" *\n[ \n]*", " ", lines)  # blanks stay as they are: a path may hold several


def writable(text: str, encoding: str | None) -> str:
    """Return the text with escapes for what an encoding lacks, and other signs for ours."""
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("…", "...").replace("·", "-")
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text


def say(text: str) -> None:
    """Write one line to standard error."""
    _write(text, sys.stderr)


def fail(message: str, status: int) -> int:
    """Write why the command ends to standard error.

    Returns:
        The exit status, for `return fail(…)`.
    """
    say(f"{PROGRAM}: {message}")
    return status


def show(text: str) -> None:
    """Write one line of result to standard output."""
    _write(text, sys.stdout)


def _write(text: str, stream: TextIO) -> None:
    print(writable(one_line(text), stream.encoding), file=stream, flush=True)


def discard_output() -> None:
    """Let nobody have standard output any more: its reader is gone, and what is buffered would fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def show_json(value: dict[str, Any]) -> None:
    """Write one JSON object on one line of ASCII to standard output, whatever its encoding is."""
    print(json.dumps(value), flush=True)


def task_as_json(task: VideoTask) -> dict[str, Any]:
    """Return the task as a JSON object, the gateway's whole answer included."""
    fields: dict[str, Any] = json.loads(task.to_json())
    return fields


def report(saved: SavedVideo, *, as_json: bool) -> None:
    """Write what was saved to standard output."""
    if as_json:
        show_json(
            {
                "path": saved.url or str(saved.path),
                "bytes": saved.size,
                "sha256": saved.sha256,
                "verified": saved.verified,
                "task": task_as_json(saved.task),
            }
        )
    else:
        doubt = ", may be cut: nothing says where it ends" if saved.verified == "unknown" else ""
        show(f"{saved.url or saved.path} ({readable(saved.size)}, task {saved.task.label}{doubt})")


def show_task(task: VideoTask, *, as_json: bool) -> None:
    """Write how far a task is to standard output."""
    if as_json:
        show_json(task_as_json(task))
        return
    reason = f": {task.failure_reason}" if task.failure_reason else ""
    state = f"{word(task)} {percent(task)}".rstrip()
    show(f"{state}{reason} (task {task.label})")


def percent(task: VideoTask) -> str:
    """Return the task's progress as `45%`, or nothing if the gateway does not say."""
    return "" if task.progress is None else f"{task.progress:.0%}"


def word(task: VideoTask) -> str:
    """Return where the task stands, in the gateway's own word if it gave one."""
    return one_line(task.raw_status or task.status)


def readable(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def clock(seconds: float) -> str:
    """Return a duration as `1:05`, or `2:01:05` with hours."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
