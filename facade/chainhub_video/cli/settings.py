"""Find the command's settings: an option, the environment, the project's file, the user's file, the default.

The core reads the environment alone; the command reads more, and passes arguments.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

import attrs

from chainhub_video.errors import ConfigurationError
from chainhub_video.settings import DEFAULT_BASE_URL, checked_base_url, checked_limit

from .settings_files import SettingsFile, project_file, user_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chainhub_video import ChainHub

    from .keys import Key

Given: TypeAlias = Literal["option", "environment", "project", "user", "default"]

VARIABLES = {
    "base_url": "CHAINHUB_BASE_URL",
    "key_file": "CHAINHUB_API_KEY_FILE",
    "max_creates": "CHAINHUB_MAX_CREATES",
}
_OF_THE_MODEL = ("size", "aspect_ratio")
_OF_A_REQUEST = ("model", *_OF_THE_MODEL, "fit", "inline_images")


@attrs.frozen
class Setting:
    """One setting.

    Attributes:
        value: None if nobody has said anything.
        origin: the variable, or the file and line, for people.
        given: the kind of place.
    """

    value: Any
    origin: str = "default"
    given: Given = "default"


class Settings:
    """What the environment and the files say.

    Args:
        project: the project's file, or None.
        user: the user's file, or None.
    """

    def __init__(self, project: SettingsFile | None, user: SettingsFile | None) -> None:
        self.project = project
        self.user = user

    @classmethod
    def load(cls) -> Settings:
        """Return the settings of this process, in its current folder.

        Raises:
            ConfigurationError: a file cannot be read, or is wrong.
        """
        return cls(project_file(), user_file())

    def find(self, name: str) -> Setting:
        """Return a setting, unchecked if it comes from the environment."""
        variable = VARIABLES.get(name)
        if variable is not None and (text := os.environ.get(variable, "")).strip():
            return Setting(text, variable, "environment")
        files = [each for each in (self.project, self.user) if each and name in each.values]
        if (
            name == "max_creates"
        ):  # a project's file, perhaps a stranger's, never raises one's own limit
            files.sort(key=lambda file: file.values[name])
        if not files:
            return Setting(None)
        return Setting(files[0].values[name], files[0].origin(name), files[0].kind)

    def base_url(self) -> Setting:
        """Return the gateway's address, checked.

        Raises:
            ConfigurationError: the key may not be sent there; it names where the address came from.
        """
        found = self.find("base_url")
        value = DEFAULT_BASE_URL if found.value is None else found.value
        return attrs.evolve(found, value=_named(found.origin, checked_base_url, value))

    def max_creates(self) -> Setting:
        """Return how many creates may be paid for, checked.

        Raises:
            ConfigurationError: it is not a whole number of 0 or more.
        """
        found = self.find("max_creates")
        if found.value is None:
            return found
        return attrs.evolve(found, value=checked_limit(found.value))

    def key(self, base_url: Setting) -> Key:
        """Return the key, and where it comes from.

        Args:
            base_url: the gateway that it is for.

        Raises:
            ConfigurationError: there is none, it cannot be used, or its owner has not said that it may go to the
                gateway that a project's file names.
        """
        from .keys import find_key

        key = find_key(self, str(base_url.value))
        self._check_trust(base_url, key)
        return key

    def _check_trust(self, base_url: Setting, key: Key) -> None:
        """Refuse to send one's own key to a gateway that only a project's file names: that may be a stranger's."""
        if base_url.given != "project" or key.bound or _is_own(str(base_url.value)):
            return
        own = "" if self.user is None else self.user.values.get("base_url", "")
        if own.strip().rstrip("/") == base_url.value:
            return
        raise ConfigurationError(
            f"{base_url.origin} names the gateway {base_url.value}, and the key is of {key.origin}: a project's file "
            "alone does not decide where a key goes; if you trust it, set CHAINHUB_BASE_URL to the same address, or "
            "keep the key for it in the keyring (chainhub-video key set)"
        )


def _is_own(base_url: str) -> bool:
    """Return whether an address is the vendor's, or on this machine."""
    return base_url == DEFAULT_BASE_URL or urlsplit(base_url).scheme == "http"


def _named(origin: str, check: Any, value: Any) -> Any:
    try:
        return check(value)
    except ConfigurationError as error:
        raise ConfigurationError(f"{error} (from {origin})") from error


def client_options(**options: Any) -> dict[str, Any]:
    """Return the arguments of `ChainHub` or `AsyncChainHub` for a command.

    Args:
        **options: what the command line says; they come first, and None stands for nothing.

    Raises:
        ConfigurationError: a setting is wrong, or there is no key; nothing was sent.
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = Settings.load()
    option = given.get("base_url")
    base_url = Setting(option, "an option", "option") if option else settings.base_url()
    found = {"base_url": base_url.value, "max_creates": settings.max_creates().value}
    if "api_key" not in given:
        found["api_key"] = settings.key(base_url).value
    return {**found, **given}


def make_client(**options: Any) -> ChainHub:
    """Return a client for a command; see `client_options`."""
    from chainhub_video import ChainHub

    return ChainHub(**client_options(**options))


class Defaults(dict[str, Any]):
    """The defaults of options, as the command line's library asks for them: only for what is not given.

    Args:
        names: of the settings that are options of this command.
        find: returns what is set for a name, or None.
        commands: the defaults of the commands below it.
    """

    def __init__(
        self, names: tuple[str, ...], find: Callable[[str], Any], **commands: Defaults
    ) -> None:
        super().__init__(commands)
        self._names = names
        self._find = find
        self._model_is_set = False

    def get(self, name: str, default: Any = None) -> Any:
        """Return the default of an option, or the defaults of a command."""
        if name not in self._names:
            return super().get(name, default)
        if name == "model":
            self._model_is_set = True
        # A size goes with its model: beside `--model` on the command line, that of a file would be another model's.
        if name in _OF_THE_MODEL and not self._model_is_set:
            return default
        return self._find(name)


def option_defaults(arguments: Iterable[str]) -> Defaults:
    """Return the defaults of all commands, for the `default_map` of the command line.

    The files are read when the first one is asked for. Help is given even if they are wrong.

    Args:
        arguments: of the whole command line.
    """
    helping = not {"-h", "--help"}.isdisjoint(arguments)

    @cache
    def settings() -> Settings:
        try:
            return Settings.load()
        except ConfigurationError:
            if not helping:
                raise
            return Settings(None, None)

    def find(name: str) -> Any:
        return settings().find(name).value

    waiting = Defaults(("timeout",), find)
    return Defaults(
        (),
        find,
        generate=Defaults((*_OF_A_REQUEST, "timeout"), find),
        create=Defaults(_OF_A_REQUEST, find),
        wait=waiting,
        resume=waiting,
        download=waiting,
        batch=Defaults((), find, run=Defaults(("inline_images", "timeout"), find)),
    )
