"""Find the API key: the environment, a file that only its owner may read, the system's keyring. Never an argument."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import attrs

from chainhub_video.errors import ConfigurationError
from chainhub_video.settings import checked_key

if TYPE_CHECKING:
    from types import ModuleType

    from .settings import Setting, Settings

SERVICE = "chainhub-video"  # in the keyring; the user there is the gateway's host
VARIABLE = "CHAINHUB_API_KEY"
_LONGEST = 4096  # bytes of a key
_PATIENCE = 16  # characters below which no part of a key is shown
NO_KEY = (
    f"no API key: set {VARIABLE}, or name a file of mode 600 in {VARIABLE}_FILE, or keep it in the keyring "
    "(chainhub-video key set)"
)


@attrs.frozen
class Key:
    """A key.

    Attributes:
        value: the key itself.
        origin: where it comes from, for people.
        bound: whether its owner has said which gateway it is for.
    """

    value: str = attrs.field(repr=False)
    origin: str
    bound: bool = False

    @property
    def masked(self) -> str:
        """The key for people: the first three and the last two characters of a long one, nothing of a short one."""
        if len(self.value) < _PATIENCE:
            return "***"
        return f"{self.value[:3]}***{self.value[-2:]}"


def find_key(settings: Settings, base_url: str) -> Key:
    """Return the key.

    Args:
        settings: may name a file, or the keyring.
        base_url: the gateway, whose host is the user in the keyring.

    Raises:
        ConfigurationError: there is none, or the first that there is cannot be used.
    """
    if (value := os.environ.get(VARIABLE, "")).strip(" "):
        return Key(checked_key(value), VARIABLE)
    file = settings.find("key_file")
    if file.value is not None:
        path, folder = _path_of(file, settings)
        inside = file.given == "project" and path.resolve().is_relative_to(folder.resolve())
        return Key(read_key_file(path), f"{path}, which {file.origin} names", bound=inside)
    wanted = settings.find("keyring")
    if wanted.value is not False:
        stored = _from_keyring(base_url, required=wanted.value is True)
        if stored is not None:
            return Key(checked_key(stored), "the keyring", bound=True)
    raise ConfigurationError(NO_KEY)


def _path_of(file: Setting, settings: Settings) -> tuple[Path, Path]:
    """Return the path of a key file, and the folder that a relative one is seen from: that of whatever names it."""
    if str(file.value).startswith("sk-"):
        raise ConfigurationError(
            f"{file.origin}: key_file must be the path of a file that holds the key, not the key itself"
        )
    source = {"project": settings.project, "user": settings.user}.get(file.given)
    folder = Path() if source is None else source.path.parent
    try:
        return folder / Path(file.value).expanduser(), folder
    except RuntimeError as error:
        raise ConfigurationError(f"{file.origin}: key_file {file.value!r}: {error}") from error


def read_key_file(path: Path) -> str:
    """Return the key in a file that nobody but its owner may read. On Windows permissions are not looked at.

    Raises:
        ConfigurationError: it is missing, no ordinary file, another's, readable for others, or holds no single line.
    """
    shown = str(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        raise ConfigurationError(
            f"the key file {shown} cannot be read: {error.strerror}"
        ) from error
    try:
        _check_owner(os.fstat(descriptor), shown)
        content = os.read(descriptor, _LONGEST + 1)
    finally:
        os.close(descriptor)
    lines = content.decode("latin-1").split("\n")
    if lines[-1] == "" and len(lines) > 1:
        lines.pop()
    if not content.strip():
        raise ConfigurationError(f"the key file {shown} is empty: put the key into it")
    if len(lines) > 1 or len(content) > _LONGEST:
        raise ConfigurationError(
            f"the key file {shown} has several lines, or more than a key: put the key into it, and nothing else"
        )
    try:
        return checked_key(lines[0].removesuffix("\r"))
    except ConfigurationError as error:
        raise ConfigurationError(f"the key file {shown}: {error}") from error


def _check_owner(state: os.stat_result, shown: str) -> None:
    if not stat.S_ISREG(state.st_mode):
        kind = "a folder" if stat.S_ISDIR(state.st_mode) else "a special file"
        raise ConfigurationError(f"the key file {shown} is {kind}, and must be an ordinary file")
    if sys.platform == "win32":
        return
    if state.st_uid != os.geteuid():
        raise ConfigurationError(
            f"the key file {shown} belongs to somebody else: make a copy of your own, and chmod 600 it"
        )
    if state.st_mode & 0o077:
        raise ConfigurationError(
            f"the key file {shown} may be read by others (mode {stat.S_IMODE(state.st_mode):o}): chmod 600 {shown}"
        )


def _from_keyring(base_url: str, *, required: bool) -> str | None:
    """Return the key that the keyring has for a gateway, or None.

    Args:
        base_url: the gateway.
        required: whether to fail where there is no keyring, or nothing in it.
    """
    user = host_of(base_url)
    try:
        with _opened() as keyring:
            stored: str | None = keyring.get_password(SERVICE, user)
    except ConfigurationError:
        if required:
            raise
        return None
    if not stored and required:
        raise ConfigurationError(
            f"the keyring has no key for {user}: put it there with chainhub-video key set"
        )
    return stored or None


def host_of(base_url: str) -> str:
    """Return the host of a gateway, the user of its key in the keyring."""
    return urlsplit(base_url).hostname or ""


def check_keyring() -> None:
    """Make sure that there is a keyring.

    Raises:
        ConfigurationError: its package is not installed, or cannot be used.
    """
    with _opened():
        pass


def store_key(base_url: str, key: str) -> str:
    """Put a key into the keyring, and return the host that it is for.

    Raises:
        ConfigurationError: the key cannot be one, or there is no keyring, or it refuses.
    """
    user = host_of(base_url)
    if not key.strip():
        raise ConfigurationError("no key was given, so nothing was stored")
    with _opened() as keyring:
        keyring.set_password(SERVICE, user, checked_key(key))
    return user


def delete_key(base_url: str) -> str:
    """Take the key of a gateway out of the keyring, and return the host that it was for.

    Raises:
        ConfigurationError: there is no keyring, it refuses, or it has no such key.
    """
    user = host_of(base_url)
    with _opened() as keyring:
        if keyring.get_password(SERVICE, user) is None:
            raise ConfigurationError(f"the keyring has no key for {user}")
        keyring.delete_password(SERVICE, user)
    return user


@contextmanager
def _opened() -> Iterator[ModuleType]:
    """Give the package `keyring` to a block, and make ConfigurationError of whatever goes wrong with it."""
    try:
        import keyring

        yield keyring
    except ConfigurationError:
        raise
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and error.name == "keyring":
            raise ConfigurationError(
                "the keyring needs one more package: pip install 'chainhub-video[keyring]'"
            ) from error
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConfigurationError(
            f"the keyring cannot be used ({reason:.200}): set {VARIABLE}, or name a file in {VARIABLE}_FILE"
        ) from error
