"""Lock files against other processes, where the system and the file system can. A lock ends with its process."""

from __future__ import annotations

import sys


def try_lock(descriptor: int) -> bool | None:
    """Take the lock of an open file or folder, without waiting for it.

    Args:
        descriptor: of the file; the lock is let go of when its last copy is closed.

    Returns:
        Whether it was had; False if somebody else has it, None if there are no such locks here.
    """
    if sys.platform == "win32":
        return None
    import fcntl  # is not there on Windows

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have none
        return None
    return True
