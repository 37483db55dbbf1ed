"""The `chainhub-video` command (extra `cli`).

Results go to standard output, everything else to standard error. `exit_status` has the exit statuses.
"""

from __future__ import annotations

import sys

_PACKAGES_OF_THE_EXTRA = ("typer", "rich")


def main() -> None:
    """Run the command with the process's arguments and end the process with its exit status."""
    try:
        from .app import run

        status = run(sys.argv[1:])
    except ModuleNotFoundError as missing:
        if missing.name not in _PACKAGES_OF_THE_EXTRA:
            raise
        hint = 'pip install "chainhub-video[cli]"'
        status = _refuse(f"the command needs the package {missing.name!r}: {hint}", 2)
    except KeyboardInterrupt:  # while it was still being loaded, or has just ended
        status = _refuse("interrupted", 130)
    sys.exit(status)


def _refuse(message: str, status: int) -> int:
    print(f"chainhub-video: {message}", file=sys.stderr)
    return status
