"""Values that a document gives as examples of its schemas, one by one or property by property."""

from typing import Any

from pipeline.answers import WORDS
from pipeline.walk import leads_to

NOTHING = object()
# Stands for a file: a text can be no example of one.
FILE = b"\x00file"


def compose(document: Any, schema: Any, inside: tuple[str, ...] = ()) -> Any:
    """Make a value of a schema out of the examples in it.

    Args:
        document: The document.
        schema: The schema.
        inside: The references that led there.

    Returns:
        The schema's own example; else one put together from those of its properties, alternatives or items, or its
        first known word; `NOTHING` if there is none, or if what is required has none.
    """
    target = schema.get("$ref")
    if isinstance(target, str):
        found = None if target in inside else leads_to(document, target)
        return compose(document, found, (*inside, target)) if isinstance(found, dict) else NOTHING
    if schema.get("format") == "binary":
        return NOTHING
    if "example" in schema:
        return schema["example"]
    for words in (schema.get("enum"), schema.get(WORDS)):
        if words:
            return words[0]
    for choice in [*(schema.get("oneOf") or []), *(schema.get("anyOf") or [])]:
        value = compose(document, choice, inside)
        if value is not NOTHING:
            return value
    if isinstance(schema.get("items"), dict):
        value = compose(document, schema["items"], inside)
        return value if value is NOTHING else [value]
    return _object(document, schema, inside)


def properties_of(document: Any, schema: Any, inside: tuple[str, ...] = ()) -> dict[str, Any]:
    """Give the properties of a schema and of all it is made of, by `$ref` and `allOf`.

    Args:
        document: The document.
        schema: The schema.
        inside: The references that led there.

    Returns:
        The schema of each property.
    """
    return _flat(document, schema, inside)[0]


def _flat(document: Any, schema: Any, inside: tuple[str, ...]) -> tuple[dict[str, Any], set[str]]:
    """Give the properties of a schema and of all it is made of, and which are required."""
    target = schema.get("$ref")
    if isinstance(target, str):
        found = None if target in inside else leads_to(document, target)
        return _flat(document, found, (*inside, target)) if isinstance(found, dict) else ({}, set())
    properties, required = dict(schema.get("properties") or {}), set(schema.get("required") or [])
    for part in schema.get("allOf") or []:
        more, needed = _flat(document, part, inside)
        properties, required = {**more, **properties}, required | needed
    return properties, required


def _object(document: Any, schema: Any, inside: tuple[str, ...]) -> Any:
    """Put an object together from the examples of its properties."""
    properties, required = _flat(document, schema, inside)
    values = {name: compose(document, inner, inside) for name, inner in properties.items()}
    found = {name: value for name, value in values.items() if value is not NOTHING}
    for name in required - found.keys():
        if properties.get(name, {}).get("format") != "binary":
            return NOTHING
    if not found:
        return NOTHING
    return {name: found.get(name, FILE) for name in properties if name in found or name in required}
