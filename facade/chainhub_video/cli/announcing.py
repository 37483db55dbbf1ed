"""Say what is about to be paid for, and ask where somebody is there to answer."""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chainhub_video.flows.source import display_url
from chainhub_video.images.pictures import is_data_uri, link_in
from chainhub_video.text import shorten

from .console import Interrupted, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainhub_video.images.pictures import ImageSource
    from chainhub_video.request import VideoRequest

    from .display import Screen


def announcer(
    screen: Screen, gateway: str, *, yes: bool, quiet: bool
) -> Callable[[VideoRequest], bool] | None:
    """Return what is called before a create is sent, for `ChainHub(confirm=…)`; None for a gateway on this machine.

    Args:
        screen: what has the terminal meanwhile.
        gateway: its address.
        yes: whether to go on without asking.
        quiet: whether to say nothing, unless there is somebody to be asked.
    """
    if is_loopback(gateway):
        return None
    asks = not yes and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(request: VideoRequest) -> bool:
        if quiet and not asks:
            return True
        try:
            with screen.paused():
                say(f"about to pay for 1 video: {described(request)}, at {gateway}")
                return _agreed() if asks else True
        except KeyboardInterrupt as stop:
            raise Interrupted("nothing was sent") from stop

    return confirm


def is_loopback(gateway: str) -> bool:
    """Return whether a gateway is on this machine."""
    host = urlsplit(gateway).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def described(request: VideoRequest) -> str:
    """Return in a few words what is asked for, but for the prompt."""
    seconds = f"{request.seconds} s" if request.seconds else None
    names = ", ".join(map(_name, request.images))
    pictures = f"{'pictures' if len(request.images) > 1 else 'picture'} {names}" if names else None
    said = (request.model, request.size, request.aspect_ratio, seconds, pictures)
    return ", ".join(filter(None, said))


def _name(picture: ImageSource) -> str:
    if is_data_uri(picture):
        return "in a data URI"
    link = link_in(picture)
    return shorten(str(picture)) if link is None else display_url(link)


def _agreed() -> bool:
    """Ask, and return whether the answer is yes."""
    sys.stderr.write("go on? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
