"""Run the command on a pseudo terminal, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

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


@contextmanager
def at_terminal(
    patch: pytest.MonkeyPatch, types: str = "", encoding: str = "utf-8"
) -> Iterator[list[str]]:
    """Let this process have a terminal for its input and outputs; at the end the list has what came there.

    Args:
        patch: puts it in place.
        types: what is typed.
        encoding: of the outputs.
    """
    theirs, ours = pty.openpty()
    os.write(theirs, types.encode())
    screen: list[str] = []
    with (
        patch.context() as inner,
        os.fdopen(os.dup(ours)) as stdin,
        os.fdopen(os.dup(ours), "w", encoding=encoding) as stdout,
        os.fdopen(ours, "w", encoding=encoding) as stderr,
    ):
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            inner.setattr(sys, name, stream)
        yield screen
    screen.append(read(theirs))
    os.close(theirs)


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
