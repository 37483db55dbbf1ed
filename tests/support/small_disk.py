"""A disk of a few megabytes, in a mount namespace of its own: neither this process nor the system sees it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"'


def on_small_disk(size: str, folder: Path) -> list[str]:
    """Return the beginning of a command that runs with a small disk at a folder, which is made.

    Fails the test where no such disk can be made.
    """
    folder.mkdir()
    end = ["sh", "-c", _MOUNT, "sh", size, str(folder)]
    for options in (["--map-root-user", "--mount"], ["--mount"]):
        command = ["unshare", *options, *end]
        if _works([*command, "true"]):
            return command
    pytest.fail(
        "no small disk can be mounted for this test: install util-linux (unshare, mount), and run it as root, or "
        "allow user namespaces to others"
    )


def _works(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
