"""Run the command on a pseudo terminal, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from .conftest import COMMAND


def in_terminal(
    arguments: Sequence[object],
    environment: Mapping[str, str],
    folder: Path,
    *,
    columns: int = 120,
    types: str = "",
    asked: str = "",
    interrupted: bool = False,
    whole: bool = False,
) -> tuple[int, str, str]:
    """Run the command to its end with standard error, and standard input, on a terminal of its own.

    Args:
        arguments: what follows the program's name.
        environment: its environment; `COLUMNS` is left out, since a terminal tells its width itself.
        folder: where it runs.
        columns: the terminal's width.
        types: what is typed.
        asked: what has to stand on the terminal before that; empty to type at once.
        interrupted: whether Ctrl-C is pressed instead.
        whole: whether standard output is on the terminal, too.

    Returns:
        The exit status, what came on standard output, and all that was written to the terminal.
    """
    theirs, ours = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    settings = {name: text for name, text in environment.items() if name != "COLUMNS"}
    with subprocess.Popen(
        [COMMAND, *map(str, arguments)], env={**settings, "TERM": "xterm-256color"}, cwd=folder,
        stdin=ours, stdout=ours if whole else subprocess.PIPE, stderr=ours, text=True, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(ours)
        screen = read(theirs, asked) if asked else ""
        if interrupted:
            process.send_signal(signal.SIGINT)
        os.write(theirs, types.encode())
        screen += read(theirs)
        told = "" if process.stdout is None else process.stdout.read()
    os.close(theirs)
    return process.returncode, told, screen


def lines_of(screen: str) -> list[str]:
    """Return every line that was ever drawn, without what steers a terminal."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    return [line for line in re.split(r"[\r\n]+", plain) if line]


def read(descriptor: int, until: str | None = None) -> str:
    """Read a pseudo terminal until a text has come, or the other side is closed, which Linux reports as an error."""
    told = b""
    while until is None or until.encode() not in told:
        try:
            part = os.read(descriptor, 65536)
        except OSError:
            break
        if not part:
            break
        told += part
    return told.decode(errors="replace")
