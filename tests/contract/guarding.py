"""No connection is made here: the interpreter itself tells of each one, and of every name that is looked up."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKING_UP = frozenset(
    {
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "socket.gethostbyaddr",
        "socket.getnameinfo",
    }
)
_attempts: list[str] | None = None
_installed = False


class NetworkUsed(AssertionError):
    """A connection was made, or tried; the message names where to."""


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _attempts is None or not event.startswith("socket."):
        return
    if event in _CONNECTING:
        address = arguments[1]
    elif event in _LOOKING_UP:
        address = arguments[:2]
    else:
        return
    if (
        event == "socket.sendmsg" and address is None
    ):  # on a pair that was never connected by address
        return
    if event in _CONNECTING:
        arguments[0].close()  # whoever is refused in this way seldom does
    attempt = f"{_shown(address)} ({event})"
    _attempts.append(attempt)
    raise NetworkUsed(_message([attempt]))


@contextmanager
def no_network() -> Iterator[None]:
    """Refuse every connection and every look-up of this process, loopback and DNS included.

    Raises:
        NetworkUsed: there was one, even if whoever made it took no notice.
    """
    global _attempts, _installed  # an audit hook is for ever, and for the whole process
    if not _installed:
        sys.addaudithook(_hear)
        _installed = True
    before, _attempts = _attempts, []
    trouble: BaseException | None = None
    try:
        yield
    except BaseException as error:  # noqa: BLE001 - it is raised again, or is the cause of ours
        trouble = error
    finally:
        attempts, _attempts = _attempts, before
    if attempts:
        raise NetworkUsed(_message(attempts)) from trouble
    if trouble is not None:
        raise trouble


def _message(attempts: list[str]) -> str:
    places = ", ".join(dict.fromkeys(attempts))
    return (
        f"contacted {places}: answer it from a cassette, or mark the test with @pytest.mark.network"
    )


def _shown(address: Any) -> str:
    if isinstance(address, tuple) and len(address) >= 2:
        host, port = (
            os.fsdecode(part) if isinstance(part, bytes) else part for part in address[:2]
        )
        return f"[{host}]:{port}" if isinstance(host, str) and ":" in host else f"{host}:{port}"
    return repr(address)
