"""Read the settings files: a table of the project's `pyproject.toml`, and the user's own `config.toml`.

What such a file gets wrong is refused with its line and the nearest right name, before anything is sent.
"""

from __future__ import annotations

import difflib
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import attrs

from chainhub_video.errors import ConfigurationError

Kind: TypeAlias = Literal["project", "user"]

TABLE = "tool.chainhub-video"
_SECRETS = re.compile(r"(?i)(.*[-_])?(api|access|secret|auth)?(key|token|secret|password)")
_LARGEST = 1_000_000  # bytes of a file of settings


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_seconds(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and value >= 0 and math.isfinite(value)


def _is_fit(value: Any) -> bool:
    return value in ("cover", "contain")


_TEXT = (_is_text, "a text in quotes")
_FLAG = (_is_flag, "true or false")
# What each name may have, and how that is told.
NAMES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "base_url": _TEXT,
    "key_file": _TEXT,
    "keyring": _FLAG,
    "max_creates": (_is_count, "a whole number of 0 or more"),
    "timeout": (_is_seconds, "a number of seconds, 0 or more"),
    "model": _TEXT,
    "size": _TEXT,
    "aspect_ratio": _TEXT,
    "fit": (_is_fit, '"cover" or "contain"'),
    "inline_images": _FLAG,
}


@attrs.frozen
class SettingsFile:
    """What one file says.

    Attributes:
        path: the file.
        kind: of file; a project's may come from a stranger.
        values: by name, checked.
        lines: on which each name stands, where that is known.
    """

    path: Path
    kind: Kind
    values: dict[str, Any]
    lines: dict[str, int]

    def origin(self, name: str) -> str:
        """Return where a name stands, for people."""
        return _place(self.path, self.lines.get(name))


def user_path() -> Path | None:
    """Return where the user's file is looked for; None if this user has no home."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(given).is_absolute():
        return Path(given, "chainhub-video", "config.toml")
    try:
        home = Path.home()
    except RuntimeError:
        return None
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = home / "Library" / "Application Support"
    else:
        folder = home / ".config"
    return folder / "chainhub-video" / "config.toml"


def user_file() -> SettingsFile | None:
    """Return the user's file, or None if there is none.

    Raises:
        ConfigurationError: it cannot be read, or is wrong.
    """
    path = user_path()
    text = None if path is None else _read(path)
    if path is None or text is None:
        return None
    return _checked(path, "user", _parsed(path, text), text, None)


def project_file(folder: Path | None = None) -> SettingsFile | None:
    """Return the nearest `pyproject.toml`, upwards from a folder, that has a table for this command; or None.

    Args:
        folder: the current one if None.

    Raises:
        ConfigurationError: it cannot be read, or is wrong.
    """
    try:
        start = (folder or Path.cwd()).absolute()
    except FileNotFoundError:  # the current folder has been removed
        return None
    for each in (start, *start.parents):
        path = each / "pyproject.toml"
        text = _read(path)
        if text is None or "chainhub" not in text.lower():  # others' mistakes are not ours to tell
            continue
        tools = _parsed(path, text).get("tool", {})
        tools = tools if isinstance(tools, dict) else {}
        for name in tools:
            if name != "chainhub-video" and re.sub(r"[^a-z]", "", name.lower()) in (
                "chainhub",
                "chainhubvideo",
            ):
                raise ConfigurationError(
                    f"{_place(path, _line_of(text, name, 'tool'))}: the table is called [{TABLE}], not [tool.{name}]"
                )
        table = tools.get("chainhub-video")
        if table is not None:
            return _checked(path, "project", table, text, TABLE)
    return None


def _read(path: Path) -> str | None:
    """Return a file's text; None if there is no file."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the settings cannot be read ({error.strerror}): make the file readable, or move it away"
        ) from error
    if len(content) > _LARGEST:
        raise ConfigurationError(f"{path}: this file of settings has more than {_LARGEST:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigurationError(
            f"{_place(path, line)}: the file is not UTF-8: save it as UTF-8"
        ) from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    import tomllib  # help needs none

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.fullmatch(r"(.*) \(at line (\d+), column \d+\)", str(error), re.DOTALL)
        reason, line = (found[1], int(found[2])) if found else (str(error), None)
        raise ConfigurationError(f"{_place(path, line)}: this is not TOML ({reason})") from error


def _checked(path: Path, kind: Kind, table: Any, text: str, header: str | None) -> SettingsFile:
    """Return what a table says.

    Args:
        path: the file.
        kind: of file.
        table: what it says.
        text: the whole file's, to find lines in.
        header: of the table; None for the whole file.

    Raises:
        ConfigurationError: a name is unknown, or a value is of the wrong type.
    """
    if not isinstance(table, dict):
        raise ConfigurationError(f"{path}: {header} must be a table: [{header}]")
    lines = {name: line for name in table if (line := _line_of(text, name, header)) is not None}
    for name, value in table.items():
        where = _place(path, lines.get(name))
        if name not in NAMES:
            raise ConfigurationError(f"{where}: {_unknown(name, value)}")
        fits, wanted = NAMES[name]
        if not fits(value):
            raise ConfigurationError(f"{where}: {name} must be {wanted}, not {_shown(value)}")
    return SettingsFile(path, kind, table, lines)


def _unknown(name: str, value: Any) -> str:
    """Return what is said of a name that there is none of; the value may be a secret."""
    if _SECRETS.fullmatch(name) or (isinstance(value, str) and value.startswith("sk-")):
        return (
            f"{name[:40]!r}: a key may not stand in a file of settings: put it into CHAINHUB_API_KEY, into a file of "
            "mode 600 that key_file names, or into the keyring (chainhub-video key set)"
        )
    if name == "tool":
        return "in this file the names stand without a table"
    likely = difflib.get_close_matches(name.lower().replace("-", "_"), NAMES, 1, 0.5)
    hint = f"did you mean {likely[0]}?" if likely else f"there are: {', '.join(NAMES)}"
    return f"there is no setting {name[:40]!r}; {hint}"


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    return repr(value).lower() if isinstance(value, bool) else f"{value!r:.80}"


def _place(path: Path, line: int | None) -> str:
    return str(path) if line is None else f"{path}, line {line}"


def _line_of(text: str, name: str, header: str | None = None) -> int | None:
    """Return the line on which a name stands, below the header of its table if it has one; None if it is not seen.

    A reader of TOML does not tell lines. What is written in unusual ways is told without one.
    """
    quoted = rf"[\"']?{re.escape(name)}[\"']?"
    whole = name if header is None else f"{header}.{name}"
    inside = header is None
    for number, line in enumerate(text.splitlines(), 1):
        if opening := re.match(r"\s*\[+([^\]]*)\]", line):
            table = re.sub(r"[\s\"']", "", opening[1])
            if f"{table}.".startswith(f"{whole}."):
                return number
            inside = table == header
        elif inside and re.match(rf"\s*{quoted}\s*[=.]", line):
            return number
    return None
