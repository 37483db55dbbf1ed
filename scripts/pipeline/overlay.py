"""Step 6: apply the corrections, written as an OpenAPI Overlay 1.0 document; and read its lists of choices.

Stricter than the specification on purpose: every action gives its reason in `description`, must
match something and must change something, so that a correction the vendor has made by itself is
noticed and deleted; and the fields that it adds must be listed in `x-adds`, so that one that the
vendor takes away does not come back.
"""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

from jsonpath import JSONPathEnvironment, JSONPathError, JSONPathMatch
from jsonpath.selectors import IndexSelector, NameSelector

from pipeline.parse import Choice
from pipeline.report import Change, PipelineError, Place, Problem, refuse, shorten, stop
from pipeline.tree import YamlMapping, YamlSequence, place_at
from pipeline.walk import Path, from_pointer, shown

STEP = "overlay"
_DUPLICATES = "x-duplicates"
_CHOICE = {"page", "pointer", "holds", "description"}
_ALLOWED = {"target", "description", "update", "remove"}
_RFC_9535 = JSONPathEnvironment(strict=True)


def entries_of(
    overlay: YamlMapping, key: str, fields: set[str]
) -> Iterator[tuple[YamlMapping, Place]]:
    """List the entries of a list that the overlay has beside its actions.

    Args:
        overlay: The overlay document.
        key: The key of the list, which need not be there.
        fields: The fields that each entry must have, a description among them.

    Yields:
        Each entry, and where it is written.

    Raises:
        PipelineError: An entry is malformed or gives no reason.
    """
    form = f"write {', '.join(sorted(fields))}; openapi/README.md shows an entry"
    entries = overlay.get(key, YamlSequence(overlay.place))
    if not isinstance(entries, YamlSequence):
        raise stop(overlay.place_of(key), f"{key} is not a list", form)
    for _, entry, place in entries.entries():
        if not isinstance(entry, YamlMapping) or entry.keys() != fields:
            raise stop(place, "the entry does not have exactly the fields it needs", form)
        check_reason("entry", entry, place)
        yield entry, place


def check_reason(what: str, entry: YamlMapping, place: Place) -> str:
    """Return why people wrote an entry.

    Args:
        what: What to call the entry.
        entry: The entry.
        place: Where it is written.

    Returns:
        Its description, in one line.

    Raises:
        PipelineError: It has none.
    """
    reason = " ".join(str(entry.get("description") or "").split())
    if not reason:
        raise stop(place, f"the {what} has no reason", "give it a description that says why")
    return reason


def read_choices(overlay: YamlMapping) -> list[Choice]:
    """Read which value holds for each key that a page gives twice.

    Args:
        overlay: The overlay document.

    Returns:
        The entries of `x-duplicates`.

    Raises:
        PipelineError: An entry is malformed or gives no reason.
    """
    choices = []
    for entry, place in entries_of(overlay, _DUPLICATES, _CHOICE):
        pointer = entry["pointer"]
        if not isinstance(pointer, str) or not pointer.startswith("/"):
            raise stop(place, f"{shorten(pointer)} is no JSON pointer", "copy it from the error")
        path = from_pointer(pointer)
        choices.append(Choice(place, str(entry["page"]), path, entry["holds"]))
    return choices


def refuse_idle(choices: list[Choice]) -> None:
    """Refuse choices that nothing needs any more.

    Args:
        choices: The choices for all pages, after all pages were read.

    Raises:
        PipelineError: A choice is about a key that its page does not give twice.
    """
    told = "no page of this name gives this key twice with different values"
    fix = "delete the entry if the vendor has corrected the page"
    refuse(Problem(item.place, told, fix) for item in choices if not item.needed)


def apply(
    document: YamlMapping,
    overlay: YamlMapping,
    watch: Callable[[YamlMapping, Place], None] | None = None,
) -> tuple[YamlMapping, list[Change]]:
    """Apply an overlay to a document.

    Args:
        document: The merged document.
        overlay: The overlay document.
        watch: Called after each action, with the document and the action's place.

    Returns:
        A corrected copy; and one change for each place an action matched.

    Raises:
        PipelineError: The overlay is malformed, or actions match or change nothing: all of them are told.
    """
    result = copy.deepcopy(document)
    changes: list[Change] = []
    problems: list[Problem] = []
    for action, place in _actions(overlay):
        try:
            changes += _act(result, action, place)
        except PipelineError as error:
            problems += error.problems
        else:
            if watch:
                watch(result, place)
    refuse(problems)
    return result, changes


def _actions(overlay: YamlMapping) -> Iterator[tuple[YamlMapping, Place]]:
    """List the actions with their places, each after checking its form."""
    version = overlay.get("overlay")
    if not str(version).startswith("1.0."):
        found = f"overlay version {version!r} is not 1.0.x"
        raise stop(overlay.place_of("overlay"), found, "write `overlay: 1.0.0`")
    actions = overlay.get("actions")
    if not isinstance(actions, YamlSequence):
        raise stop(overlay.place_of("actions"), "the overlay has no list of actions", "add one")
    for _, action, place in actions.entries():
        if not isinstance(action, YamlMapping) or not isinstance(action.get("target"), str):
            raise stop(place, "the action has no target", "give it a JSONPath expression")
        check_reason("action", action, place)
        unknown = sorted(key for key in action if key not in _ALLOWED and not key.startswith("x-"))
        if unknown:
            known = f"the action has unknown fields: {', '.join(unknown)}"
            raise stop(action.place_of(unknown[0]), known, f"use {', '.join(sorted(_ALLOWED))}")
        if ("update" in action) == (action.get("remove") is True):
            raise stop(place, "the action must have either update or remove: true", "give it one")
        yield action, place


def _act(document: YamlMapping, action: YamlMapping, place: Place) -> list[Change]:
    """Carry out one action on every node its target selects."""
    target = action["target"]
    try:
        query = _RFC_9535.compile(target)
        matches = list(query.finditer(document))
    except JSONPathError as error:
        told = str(error).split("\n", maxsplit=1)[0]
        raise stop(place, f"target {target} is not JSONPath: {told}", "correct it") from error
    if not matches:
        fix = "correct its target, or delete it if the vendor has corrected the page"
        raise stop(place, f"the action matches nothing: {target}", fix)
    said = _said(action, query)
    if len(matches) != said:
        only = f", only {shown(tuple(matches[0].parts))}" if len(matches) == 1 < said else ""
        told = f"the action says {said} and matches {len(matches)}: {target}{only}"
        raise stop(place, told, f"correct its target, or say x-matches: {len(matches)}")
    changes = []
    reason = check_reason("action", action, place)
    # From the last match to the first, so that removing items leaves the other positions true.
    for match in reversed(matches):
        path: Path = tuple(match.parts)
        at = place_at(document, path)
        told = (
            _update(document, match, action, at)
            if "update" in action
            else _remove(document, path, place)
        )
        changes.append(Change(place, STEP, f"{reason} [{told} {shown(path)}]", also=f"({at})"))
    return changes[::-1]


def _said(action: YamlMapping, query: Any) -> int:
    """Tell how many places an action says it is about: as many as its target names, or x-matches."""
    if "x-matches" in action:
        if not isinstance(action["x-matches"], int):
            place = action.place_of("x-matches")
            raise stop(place, "x-matches is not a number", "write how many places are meant")
        return int(action["x-matches"])
    return math.prod(
        len(segment.selectors)
        if all(isinstance(one, NameSelector | IndexSelector) for one in segment.selectors)
        else 1
        for segment in query.segments
    )


def _update(document: YamlMapping, match: JSONPathMatch, action: YamlMapping, at: Place) -> str:
    """Merge an update into one node, or append it to one list; say what was done."""
    place = action.place_of("update")
    node: Any = document if not match.parts else match.obj
    update = action["update"]
    if isinstance(node, YamlSequence):
        node.add(copy.deepcopy(update), place)
        return "added to"
    if not isinstance(node, YamlMapping) or not isinstance(update, YamlMapping):
        told = f"the target is {shorten(node, 40)} in {at}; only mappings and lists can be updated"
        raise stop(place, told, "aim at the mapping around it")
    _check_fields(node, action, inside=match.parts[-1:] == ("properties",), at=at)
    if not _merge(node, update):
        told = f"the action changes nothing at {shown(tuple(match.parts))}"
        raise stop(place, told, "delete it: the vendor has corrected the page")
    return "updated"


def _check_fields(node: YamlMapping, action: YamlMapping, *, inside: bool, at: Place) -> None:
    """Check that an update adds the fields it says and no other.

    Else a field that the vendor removes or renames would come back, as what the update says of it.
    """
    said = action.get("x-adds", [])
    if not isinstance(said, list):
        place = action.place_of("x-adds")
        raise stop(place, "x-adds is not a list", "list the fields that are new")
    added = dict(_new_fields(node, action["update"], inside))
    for name, place in added.items():
        if name not in said:
            told = f"the action is about the field {name}, which is not in {at}"
            fix = "correct that, or delete it, if the vendor has renamed or removed the field"
            raise stop(place, told, f"{fix}; if the action is to add it, write x-adds: [{name}]")
    for name in said:
        if name not in added:
            told = f"x-adds names {name}, and the action does not add that field to {at}"
            raise stop(action.place_of("x-adds"), told, "delete the name there")


def _new_fields(
    node: YamlMapping, update: YamlMapping, inside: bool
) -> Iterator[tuple[str, Place]]:
    """List the properties of schemas that an update adds; `inside` says that it is about properties."""
    for key, value in update.items():
        old = node.get(key)
        if inside and key not in node:
            yield key, update.place_of(key)
        elif isinstance(old, YamlMapping) and isinstance(value, YamlMapping):
            yield from _new_fields(old, value, key == "properties" and not inside)


def _merge(node: YamlMapping, update: YamlMapping) -> bool:
    """Merge a mapping into another, lists by appending; say whether anything changed."""
    changed = False
    for key, value in update.items():
        old = node.get(key)
        if isinstance(old, YamlMapping) and isinstance(value, YamlMapping):
            changed |= _merge(old, value)
        elif isinstance(old, YamlSequence) and isinstance(value, YamlSequence):
            for item, place in zip(value, value.places, strict=True):
                old.add(copy.deepcopy(item), place)
                changed = True
        elif key not in node or type(old) is not type(value) or old != value:
            node.put(key, copy.deepcopy(value), update.place_of(key))
            changed = True
    return changed


def _remove(document: YamlMapping, path: Path, place: Place) -> str:
    """Remove the node at a path from what holds it; say what was done."""
    if not path:
        raise stop(place, "the action removes the whole document", "aim at a part of it")
    owner: Any = document
    for step in path[:-1]:
        owner = owner[step]
    owner.drop(path[-1])
    return "removed"
