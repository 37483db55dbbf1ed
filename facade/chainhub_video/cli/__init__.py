"""The `chainhub-video` command (extra `cli`).

    0    done
    1    the gateway, the network, the task or the disk failed
    2    a mistake on this side; nothing was sent, and nothing is paid
    3    of a batch: the outcome of some creates is unknown
    130  interrupted

Results go to standard output, everything else to standard error.
"""

from __future__ import annotations

import sys

_PACKAGES_OF_THE_EXTRA = ("typer", "rich")


def main() -> None:
    """Run the command with the process's arguments and end the process with its exit status."""
    try:
        from .app import run
    except ModuleNotFoundError as missing:
        if missing.name not in _PACKAGES_OF_THE_EXTRA:
            raise
        hint = 'pip install "chainhub-video[cli]"'
        sys.exit(_refuse(f"the command needs the package {missing.name!r}: {hint}"))
    sys.exit(run(sys.argv[1:]))


def _refuse(message: str) -> int:
    print(f"chainhub-video: {message}", file=sys.stderr)
    return 2
