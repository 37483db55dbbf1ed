"""Step 4: take out what OpenAPI says is ignored, and mend what it says does not exist."""

import copy
from collections.abc import Iterator
from typing import Any

from pipeline.report import Change, Place, shorten, stop
from pipeline.tree import YamlMapping, YamlSequence
from pipeline.walk import bodies, operations, parameter_lists, schemas

STEP = "clean"
_IGNORED_HEADERS = {
    "accept": "the response's media types say it",
    "authorization": "the security scheme says it",
    "content-type": "the request body's media type says it",
}
_TYPES = {"array", "boolean", "integer", "number", "object", "string"}
_SYNONYMS = {
    "bool": "boolean",
    "double": "number",
    "float": "number",
    "int": "integer",
    "str": "string",
}
_TITLES = {"summary", "description", "title", "name"}
# Under these keys stands what the service sends and takes, not what OpenAPI defines.
_FREE = {"example", "examples", "default", "enum"}


def clean(document: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Clean one document.

    Args:
        document: The document as its file says it.

    Returns:
        A cleaned copy; and one change for each thing that was dropped or mended.

    Raises:
        PipelineError: A schema has a type that does not exist and has no obvious meaning.
    """
    result = copy.deepcopy(document)
    changes = [
        *_header_parameters(result),
        *_empty_bodies(result),
        *_exporter_notes(result),
        *_empty_maps(result),
        *_types(result),
        *_blanks(result),
    ]
    return result, changes


def _header_parameters(document: YamlMapping) -> list[Change]:
    """Drop the header parameters that OpenAPI 3.0 says shall be ignored."""
    changes = []
    for _, parameters in parameter_lists(document):
        for index in reversed(range(len(parameters))):
            parameter = parameters[index]
            name = str(parameter.get("name", "")).strip()
            why = _IGNORED_HEADERS.get(name.lower())
            if parameter.get("in") == "header" and why:
                place = parameters.drop(index)
                reason = f"header parameter {name} is ignored by OpenAPI 3.0: {why}; dropped"
                changes.append(Change(place, STEP, reason))
    return sorted(changes, key=lambda change: change.place)


def _empty_bodies(document: YamlMapping) -> list[Change]:
    """Drop request bodies without content from requests that have none."""
    changes = []
    for operation in operations(document):
        if operation.method not in ("get", "head", "delete") or "requestBody" not in operation.node:
            continue
        content = operation.node["requestBody"].get("content") or {}
        if not any(_says_something(media.get("schema") or {}) for media in content.values()):
            place = operation.node.drop("requestBody")
            reason = f"{operation} declares an empty request body; dropped"
            changes.append(Change(place, STEP, reason))
    return changes


def _says_something(schema: Any) -> bool:
    """Say whether a schema is more than an object without properties."""
    told = {key for key, value in schema.items() if value not in ({}, [], "", None)}
    return schema.get("type", "object") != "object" or bool(
        {key for key in told if not key.startswith("x-")} - {"type", "description", "title"}
    )


def _exporter_notes(document: YamlMapping) -> list[Change]:
    """Drop what the exporter notes for itself."""
    notes = [
        (node, key)
        for node in _mappings(document)
        for key in node
        if key.startswith("x-") and "apifox" in key
    ]
    return _dropped(notes, "is a note of the exporter, not of the API")


def _empty_maps(document: YamlMapping) -> list[Change]:
    """Drop empty headers, examples and parameters, which say nothing."""
    owners = [operation.node for operation in operations(document)]
    for _, body in bodies(document):
        owners += [body, *(body.get("content") or {}).values()]
    keys = ("headers", "examples", "parameters")
    empty = [(owner, key) for owner in owners for key in keys if owner.get(key) in ({}, [])]
    return _dropped(empty, "is empty and says nothing")


def _dropped(entries: list[tuple[YamlMapping, str]], why: str) -> list[Change]:
    """Drop entries; one change for all of one key, which names their lines."""
    found: dict[str, list[Place]] = {}
    for owner, key in entries:
        found.setdefault(key, []).append(owner.drop(key))
    changes = []
    for key, places in found.items():
        lines = ", ".join(str(place.line) for place in sorted(places))
        also = f"(line{'s' * (len(places) > 1)} {lines})"
        changes.append(Change(min(places), STEP, f"{key} {why}; dropped", also=also))
    return changes


def _mappings(node: Any) -> Iterator[YamlMapping]:
    """List all mappings of a document but those inside examples."""
    if isinstance(node, YamlMapping):
        yield node
    values = node.items() if isinstance(node, YamlMapping) else enumerate(node)
    for key, value in values:
        if key not in _FREE and isinstance(value, YamlMapping | YamlSequence):
            yield from _mappings(value)


def _types(document: YamlMapping) -> list[Change]:
    """Mend the types that OpenAPI 3.0 does not have."""
    found = [_mend_type(schema) for _, schema in schemas(document) if "type" in schema]
    return [change for change in found if change]


def _mend_type(schema: YamlMapping) -> Change | None:
    """Mend one schema's type in place."""
    kind, place = schema["type"], schema.place_of("type")
    words = list(kind) if isinstance(kind, list) else [kind]
    real = [word for word in words if word not in ("null", None)]
    if kind in ("any", None):
        schema.drop("type")
        reason = f"type {kind!r} does not exist in OpenAPI 3.0; any value is allowed"
        return Change(place, STEP, reason)
    if len(real) < len(words):
        schema.drop("type")
        after = "no type, so that any value is allowed, null included"
        if len(real) == 1:
            schema.put("type", real[0], place)
            schema.put("nullable", True, place)
            after = f"type: {real[0]}, nullable: true"
        reason = "type 'null' does not exist in OpenAPI 3.0"
        return Change(place, STEP, reason, f"type: {shorten(kind)}", after)
    if kind == "file":
        schema.put("type", "string", place)
        schema.put("format", "binary", place)
        reason = "type 'file' is of Swagger 2; written as a binary string"
        return Change(place, STEP, reason, "type: file", "type: string, format: binary")
    if isinstance(kind, str) and kind in _SYNONYMS:
        schema.put("type", _SYNONYMS[kind], place)
        reason = f"type {kind!r} does not exist in OpenAPI 3.0"
        return Change(place, STEP, reason, f"type: {kind}", f"type: {_SYNONYMS[kind]}")
    if not isinstance(kind, str) or kind not in _TYPES:
        told = f"schema type {shorten(kind)} does not exist in OpenAPI 3.0"
        fix = "correct the page, or teach scripts/pipeline/clean.py what it means"
        raise stop(place, told, fix)
    return None


def _blanks(document: YamlMapping) -> list[Change]:
    """Trim blanks around names, tags, descriptions and keys; examples stay as they are."""
    changes: list[Change] = []
    for node in _mappings(document):
        for key in list(node):
            place, value = node.place_of(key), node[key]
            if key != key.strip() and key.strip() not in node:
                _rename(node, key)
                changes.append(_trimmed(place, key))
            if key in _TITLES:
                changes += _trim(node, key, place)
            elif key in ("tags", "required") and isinstance(value, YamlSequence):
                for index, _, at in value.entries():
                    changes += _trim(value, index, at)
    return changes


def _trim(owner: Any, step: str | int, place: Place) -> Iterator[Change]:
    """Trim what stands under a key or at a position, if it is text."""
    text = owner[step]
    if isinstance(text, str) and text != text.strip():
        owner[step] = text.strip()
        yield _trimmed(place, text)


def _rename(node: YamlMapping, key: str) -> None:
    """Trim one key, keeping the order of the keys."""
    for name in list(node):
        value, place = node[name], node.drop(name)
        node.put(name.strip() if name == key else name, value, place)


def _trimmed(place: Place, text: str) -> Change:
    return Change(place, STEP, "stray blanks around a text", shorten(text), shorten(text.strip()))
