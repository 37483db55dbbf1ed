"""The configuration of one client, checked once."""

from __future__ import annotations

import ipaddress
import os
import re
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import attrs

from chainhub_video.errors import ConfigurationError, SpendLimitReached
from chainhub_video.policies import PollPolicy, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from chainhub_video.receipts.receipt import ReceiptStore
    from chainhub_video.request import VideoRequest

_DIGITS = 18  # of a number that can be meant
_LEAST_IN_FLIGHT = 3
_LONGEST = 1e9  # seconds that can be meant
DEFAULT_BASE_URL = "https://api.chainhub.tech"  # both specification pages, `servers`
# Readers differ in what is the host of `[::1]example.com` or `127.0.0.1\\.example.com`: neither is an address.
_AUTHORITY = re.compile(r"(\[[^\[\]]+\]|[^\[\]\\:]+)(:\d*)?")


def _seconds(_instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    if not isinstance(value, (int, float)) or not 0 < value <= _LONGEST:
        raise ConfigurationError(f"{attribute.name} must be above 0 seconds, not {value!r}")


@attrs.frozen
class Timeouts:
    """Seconds to wait for one step of one HTTP exchange.

    Attributes:
        connect: for a connection, TLS included.
        read: for the next bytes of an answer.
        write: for the next bytes of a request to be taken.
        create: for the answer to a create; long, since giving up early is what makes an outcome unknown.
    """

    connect: float = attrs.field(default=10.0, validator=_seconds)
    read: float = attrs.field(default=60.0, validator=_seconds)
    write: float = attrs.field(default=120.0, validator=_seconds)
    create: float = attrs.field(default=300.0, validator=_seconds)


class Spending:
    """A counter of paid creates, exact under threads and concurrent tasks.

    Args:
        limit: how many may be paid for; None for any number.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit
        self._spent = 0
        self._lock = Lock()

    @property
    def left(self) -> int | None:
        """How many creates may still be paid for; None for any number."""
        return None if self._limit is None else max(0, self._limit - self._spent)

    def reserve(self) -> None:
        """Count a create that is about to be sent.

        Raises:
            SpendLimitReached: it would be one too many.
        """
        with self._lock:
            if self._limit is not None and self._spent >= self._limit:
                raise SpendLimitReached(
                    f"this client has paid for {self._spent} creates, and max_creates is {self._limit}: "
                    "nothing was sent; raise the limit, or make a new client"
                )
            self._spent += 1

    def release(self) -> None:
        """Take back a create that surely was not paid."""
        with self._lock:
            self._spent -= 1


class Pace:
    """A limit for the rate of all polls of one client: first come, first served."""

    def __init__(self) -> None:
        self._next = 0.0
        self._waiting = 0
        self._lock = Lock()

    def take(self, clock: float, rate: float) -> float:
        """Return when the next poll may be sent; `leave` must follow.

        Args:
            clock: the time now.
            rate: polls a second.
        """
        with self._lock:
            # A turn that nobody took any more, or of another clock, holds up nobody.
            last = clock + self._waiting / rate
            turn = max(clock, min(self._next, last))
            self._next = turn + 1 / rate
            self._waiting += 1
            return turn

    def leave(self) -> None:
        """End the waiting for a turn."""
        with self._lock:
            self._waiting -= 1


@attrs.frozen(kw_only=True)
class Settings:
    """The checked configuration of one client; `repr` shows everything but the key.

    Attributes:
        api_key: sent to `base_url` and nowhere else.
        base_url: without a trailing slash.
        timeouts: for each step of an exchange.
        retry: when to send again what is safe to send again.
        poll: when to poll a running task.
        inline_images: whether the unified format may carry a local picture as a data URI.
        max_download: bytes beyond which a video is not saved.
        max_in_flight: exchanges that may be in flight at once.
        spending: how many creates may still be paid for.
        pace: the limit on the rate of all polls.
        confirm: sees each request before it is sent, and returns whether it may be.
        receipts: makes the store of the receipt that belongs to an output.
        image_host: takes a file name and a binary stream, and returns a link to the picture.
    """

    api_key: str = attrs.field(repr=False)
    base_url: str = DEFAULT_BASE_URL
    timeouts: Timeouts = attrs.field(factory=Timeouts)
    retry: RetryPolicy = attrs.field(factory=RetryPolicy)
    poll: PollPolicy = attrs.field(factory=PollPolicy)
    inline_images: bool = False
    spending: Spending = attrs.field(factory=Spending, repr=False)
    pace: Pace = attrs.field(factory=Pace, repr=False)
    confirm: Callable[[VideoRequest], Any] | None = attrs.field(default=None, repr=False)
    receipts: Callable[[Path], ReceiptStore] | None = attrs.field(default=None, repr=False)
    max_download: int = 4_000_000_000
    max_in_flight: int = 32
    image_host: Callable[..., Any] | None = attrs.field(default=None, repr=False)

    @property
    def trust_env(self) -> bool:
        """Whether the environment's proxies and certificates are used: not for a gateway on this machine.

        Plain http is for loopback only, and through a proxy the key would leave the machine readable.
        """
        return not self.base_url.lower().startswith("http://")


def timeouts_of(timeout: float | Timeouts | None) -> Timeouts:
    """Return the timeouts for a constructor's `timeout`.

    Args:
        timeout: seconds for every step but the create's answer, which is awaited at least as long as by default;
            or a `Timeouts`; or None for the defaults.

    Raises:
        ConfigurationError: the number is not above 0.
    """
    if timeout is None:
        return Timeouts()
    if isinstance(timeout, Timeouts):
        return timeout
    if not isinstance(timeout, (int, float)) or not 0 < timeout <= _LONGEST:
        raise ConfigurationError(f"timeout must be above 0 seconds, and finite, not {timeout!r}")
    return Timeouts(timeout, timeout, timeout, max(timeout, Timeouts().create))


def checked_max_download(max_download: int) -> int:
    """Return the limit of a download, in bytes.

    Raises:
        ConfigurationError: it is not a whole number above 0.
    """
    if not isinstance(max_download, int) or isinstance(max_download, bool) or max_download <= 0:
        raise ConfigurationError(
            f"max_download must be a whole number of bytes above 0, not {max_download!r:.80}"
        )
    return max_download


def checked_max_in_flight(max_in_flight: int) -> int:
    """Return the bound of exchanges in flight.

    Raises:
        ConfigurationError: it is not a whole number of 3 or more.
    """
    whole = isinstance(max_in_flight, int) and not isinstance(max_in_flight, bool)
    if not whole or max_in_flight < _LEAST_IN_FLIGHT:
        raise ConfigurationError(
            f"max_in_flight must be a whole number of {_LEAST_IN_FLIGHT} or more, not {max_in_flight!r:.80}: "
            "a create, a query and a download must be possible at the same time"
        )
    return max_in_flight


def checked_limit(max_creates: int | None) -> int | None:
    """Return the limit, from the environment's CHAINHUB_MAX_CREATES if None.

    Raises:
        ConfigurationError: it is not a whole number of 0 or more.
    """
    given = os.environ.get("CHAINHUB_MAX_CREATES") or None if max_creates is None else max_creates
    if given is None:
        return None
    text = str(given).strip()
    if isinstance(given, bool) or not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise ConfigurationError(
            f"max_creates (CHAINHUB_MAX_CREATES) is {given!r:.80}, and must be a whole number of 0 or more"
        )
    return int(text)


def checked_key(api_key: str | None) -> str:
    """Return the key, from the environment if None.

    Raises:
        ConfigurationError: there is no key, or it cannot stand in a header.
    """
    if api_key is not None and not isinstance(api_key, str):
        raise ConfigurationError(f"api_key must be text, not {type(api_key).__name__}")
    key = api_key if api_key is not None else os.environ.get("CHAINHUB_API_KEY", "")
    key = key.strip(" ")
    if not key:
        raise ConfigurationError(
            "no API key: set the environment variable CHAINHUB_API_KEY, or pass api_key="
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "the API key holds a blank, a line break or a character outside ASCII: copy it again "
            "(its value is not shown here)"
        )
    return key


def checked_base_url(base_url: str | None) -> str:
    """Return the gateway's address without a trailing slash, from the environment if None.

    Raises:
        ConfigurationError: the address is not one that the key may be sent to.
    """
    if base_url is not None and not isinstance(base_url, str):
        raise ConfigurationError(f"base_url must be text, not {type(base_url).__name__}")
    given = base_url if base_url is not None else os.environ.get("CHAINHUB_BASE_URL", "")
    url = given.strip().rstrip("/") or DEFAULT_BASE_URL
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigurationError(f"base_url {_shown(url)} is not an address: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError("base_url must not hold a user name or password; pass api_key=")
    if parts.scheme not in ("http", "https") or not host or not _AUTHORITY.fullmatch(parts.netloc):
        raise ConfigurationError(
            f"base_url {_shown(url)} must look like https://host or https://host/path"
        )
    if "?" in url or "#" in url or not url.isprintable() or " " in url:
        raise ConfigurationError(f"base_url {_shown(url)} must have no query, fragment or blank")
    if parts.scheme == "http" and not _loopback(host):
        raise ConfigurationError(
            f"base_url {_shown(url)} is plain http, which would send the key readable: use https "
            "(plain http is for 127.0.0.1 and localhost only)"
        )
    return url


def _shown(url: str) -> str:
    """Return an address for a message: its scheme and host alone, since the rest may hold a secret."""
    scheme, mark, rest = url.rpartition("://")
    host = re.split(r"[/?#\\]", rest)[0].rpartition("@")[2]
    return repr(f"{scheme[-20:]}{mark}{host}"[:100])


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
