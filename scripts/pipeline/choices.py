"""Which value holds for a key that a page gives twice, as `x-duplicates` of the overlay says it."""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from pipeline.report import PipelineError, Place, Problem, shorten, stop
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import Path, from_pointer

KEY = "x-duplicates"
_FIELDS = {"page", "pointer", "holds", "description"}
_FORM = f"write {', '.join(sorted(_FIELDS))}; openapi/README.md shows an entry"


@dataclass
class Choice:
    """One entry of the list.

    Args:
        place: Where it is written.
        page: The file name of the page.
        path: Where the key stands in the page's document.
        holds: The value that holds.
        needed: Whether the page was seen to give the key twice.
    """

    place: Place
    page: str
    path: Path
    holds: Any
    needed: bool = False


def read_choices(overlay: YamlMapping) -> list[Choice]:
    """Read the list.

    Args:
        overlay: The overlay document.

    Returns:
        Its entries.

    Raises:
        PipelineError: An entry is malformed or gives no reason.
    """
    entries = overlay.get(KEY, [])
    if KEY in overlay and not isinstance(entries, YamlSequence):
        raise stop(overlay.place_of(KEY), f"{KEY} is not a list", _FORM)
    return [_read(entry, entries.places[at]) for at, entry in enumerate(entries)]


def _read(entry: Any, place: Place) -> Choice:
    if not isinstance(entry, YamlMapping) or entry.keys() != _FIELDS:
        raise stop(place, "the entry does not have exactly the fields it needs", _FORM)
    if not str(entry["description"] or "").strip():
        raise stop(place, "the entry has no reason", "give it a description that says why")
    pointer = entry["pointer"]
    if not isinstance(pointer, str) or not pointer.startswith("/"):
        raise stop(place, f"{shorten(pointer)} is no JSON pointer", "copy it from the error")
    return Choice(place, str(entry["page"]), from_pointer(pointer), entry["holds"])


class Chosen(dict[Path, Any]):
    """The choices for one page, which note that they were needed.

    Args:
        choices: The choices for the page.
    """

    def __init__(self, choices: list[Choice]) -> None:
        super().__init__({item.path: item.holds for item in choices})
        self.choices = {item.path: item for item in choices}

    def __getitem__(self, path: Path) -> Any:
        self.choices[path].needed = True
        return super().__getitem__(path)


def chosen_for(choices: list[Choice], file: str) -> Chosen:
    """Pick the choices for one page.

    Args:
        choices: The choices for all pages.
        file: The page's path or name.

    Returns:
        The value that holds for each key, by the key's path.
    """
    return Chosen([item for item in choices if item.page == PurePath(file).name])


def refuse_idle(choices: list[Choice]) -> None:
    """Refuse choices that nothing needs any more.

    Args:
        choices: The choices for all pages, after all pages were read.

    Raises:
        PipelineError: A choice is about a key that its page does not give twice.
    """
    idle = [item for item in choices if not item.needed]
    if idle:
        told = "no page of this name gives this key twice with different values"
        fix = "delete the entry if the vendor has corrected the page"
        raise PipelineError(*(Problem(item.place, told, fix) for item in idle))
