"""Names of outputs that every disk can keep: made from a prompt, or checked."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 180  # bytes: a part file and a receipt's draft append to it, and a disk takes 255
_SLUG = 40  # characters of a prompt
_FORBIDDEN = '<>:"|?*'  # on Windows' disks
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
SUFFIX = ".mp4"


def slug(prompt: str) -> str:
    """Return the first words of a prompt as a part of a file name; letters of every script stay."""
    plain = unicodedata.normalize("NFC", prompt[: 4 * _SLUG]).lower()
    words = re.sub(r"[\W_]+", "-", plain).strip("-")[:_SLUG].rstrip("-")
    return words.encode()[: LONGEST // 2].decode("utf-8", "ignore") or "video"


def checked_name(name: str) -> str:
    """Return the stem of an output's name, without `.mp4`.

    Raises:
        ValueError: some disk cannot keep it, or it leads into another folder; the text says why.
    """
    stem = name.strip()
    if stem.lower().endswith(SUFFIX):
        stem = stem[: -len(SUFFIX)]
    if not stem:
        raise ValueError(f"name is {name!r}, and must not be empty")
    if "/" in stem or "\\" in stem:
        raise ValueError(
            f"name is {name!r:.200}, and leads into a folder: give a name without / and \\"
        )
    if stem.startswith("."):
        raise ValueError(
            f"name is {name!r:.200}, and would be hidden: let it begin with another character"
        )
    if not stem.isprintable():
        raise ValueError(
            f"name is {name!r:.200}, and holds a control character or half a character"
        )
    if found := [one for one in _FORBIDDEN if one in stem]:
        raise ValueError(
            f"name is {name!r:.200}, and holds {found[0]!r}, which some disks cannot keep"
        )
    if stem.endswith((".", " ")):
        raise ValueError(
            f"name is {name!r:.200}, and ends with {stem[-1]!r}, which some disks drop"
        )
    if _RESERVED.fullmatch(stem.partition(".")[0].strip()):
        raise ValueError(f"name is {name!r:.200}, which Windows keeps for a device: choose another")
    if (length := len(stem.encode())) > LONGEST:
        raise ValueError(
            f"name has {length} bytes, and at most {LONGEST} fit: shorten {name[:30]!r}…"
        )
    return stem


def same_file(name: str) -> str:
    """Return what is equal for names that are one file on a disk that knows no capitals, or one form of accents."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
