"""Step 7: give inline schemas names, as components, and ids to operations that have none."""

import copy
import re
from typing import Any

from pipeline.report import Change, Place
from pipeline.tree import YamlMapping
from pipeline.walk import Operation, operations

STEP = "lift"


def lift(document: YamlMapping) -> tuple[YamlMapping, list[Change]]:
    """Name what a generator would otherwise have to invent names for.

    An operation `createVideo` gives `CreateVideoRequest` and `CreateVideoResponse`; a property
    `detail` with properties of its own gives `CreateVideoResponseDetail`.

    Args:
        document: The corrected document.

    Returns:
        A copy in which no body holds an object schema inline; and one change for each new name.
    """
    lifter = _Lifter(copy.deepcopy(document))
    lifter.schemas()
    for operation in operations(lifter.document):
        lifter.operation(operation)
    for kind in ("requestBodies", "responses"):
        for name, body in (lifter.document["components"].get(kind) or {}).items():
            lifter.body(body, _pascal(name) + ("Body" if kind == "responses" else ""))
    for name in list(lifter.schemas()):
        lifter.properties(lifter.schemas()[name], name)
    return lifter.document, lifter.changes


def mechanical_id(method: str, url: str) -> str:
    """Make an operation id from method and URL.

    Args:
        method: The HTTP method.
        url: The URL template.

    Returns:
        A name such as `getV1VideosById`.
    """
    named = re.sub(r"\{([^}]*)\}", r"by \1", url)
    return method.lower() + _pascal(named)


class _Lifter:
    """Moves schemas of one document into its components."""

    def __init__(self, document: YamlMapping) -> None:
        self.document = document
        self.changes: list[Change] = []

    def schemas(self) -> YamlMapping:
        """Return the named schemas of the document, made if there are none."""
        components = self.document.mapping("components", self.document.place)
        return components.mapping("schemas", components.place)

    def operation(self, operation: Operation) -> None:
        node = operation.node
        place = self.document["paths"][operation.url].place_of(operation.method)
        if not node.get("operationId"):
            name = mechanical_id(operation.method, operation.url)
            node.put("operationId", name, place)
            self.changes.append(Change(place, STEP, f"{operation} has no id; named {name}"))
        base = _pascal(node["operationId"])
        self.body(node.get("requestBody"), base + "Request")
        responses = node.get("responses") or {}
        first = min((status for status in responses if status.startswith("2")), default="")
        for status, response in responses.items():
            self.body(response, f"{base}{'' if status == first else _pascal(status)}Response")

    def body(self, body: Any, name: str) -> None:
        """Lift the schemas of one body, a further media type under its own name."""
        if not isinstance(body, dict):
            return
        taken = False
        for media_type, media in (body.get("content") or {}).items():
            if "schema" in media:
                own = name if not taken else name + _pascal(media_type.split("/")[-1])
                taken |= self.schema(media, "schema", own)

    def schema(self, owner: Any, key: Any, name: str) -> bool:
        """Lift the schema under a key if it is an object with properties; look into arrays."""
        schema = owner[key]
        if not isinstance(schema, YamlMapping):
            return False
        if isinstance(schema.get("items"), YamlMapping):
            return self.schema(schema, "items", name + "Item")
        if not schema.get("properties"):
            return False
        place = owner.place_of(key)
        name = self.register(schema, name, place)
        reference = ("$ref", f"#/components/schemas/{name}", place)
        owner.put(key, YamlMapping(place, [reference]), place)
        return True

    def register(self, schema: YamlMapping, name: str, place: Place) -> str:
        """Put a schema among the components; return the name it got."""
        named = self.schemas()
        free, number = name, 1
        while free in named and named[free] != schema:
            number += 1
            free = f"{name}{number}"
        if free not in named:
            named.put(free, schema, place)
            self.changes.append(Change(place, STEP, f"inline schema named {free}"))
            self.properties(schema, free)
        return free

    def properties(self, schema: Any, name: str) -> None:
        """Lift the object schemas of a named schema's properties."""
        properties = schema.get("properties") if isinstance(schema, dict) else None
        for key in list(properties or {}):
            self.schema(properties, key, name + _pascal(key))


def _pascal(text: str) -> str:
    """Join the words of a text, each with a capital first letter."""
    words = re.findall(r"[^\W_]+", text)
    return "".join(word[0].upper() + word[1:] for word in words)
