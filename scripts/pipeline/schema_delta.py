"""What changed between two schemas, parameters, headers or bodies, followed through references."""

from typing import Any

from pipeline.allowed import compare_limits
from pipeline.difference import CALLER, NOTE, READER, Difference
from pipeline.tree import same
from pipeline.walk import leads_to

# What is told to people only.
_WORDS = ("description", "example", "examples", "externalDocs", "summary", "title")
# How a value is written into a request or answer.
_WRITING = ("allowEmptyValue", "allowReserved", "explode", "style")
_IN_LIST = ("allOf", "anyOf", "oneOf")


class SchemaDelta:
    """Compares parts of two documents, and collects the differences.

    Args:
        name: The operation the parts belong to.
        old: The document as it was.
        new: The document as it is now.
    """

    def __init__(self, name: str, old: Any, new: Any) -> None:
        self.name = name
        self.old, self.new = old, new
        self.found: list[Difference] = []
        # Pairs of references that are being compared: schemas may contain themselves.
        self.open: set[tuple[str, str]] = set()

    def tell(self, where: str, what: str, effect: str = "") -> None:
        """Note a difference."""
        self.found.append(Difference(self.name, where, what, effect))

    def resolved(self, was: Any, now: Any) -> tuple[Any, Any]:
        """Follow the references that two parts of the documents may be."""
        return _resolve(self.old, was), _resolve(self.new, now)

    def whole(self, was: Any, now: Any) -> bool:
        """Say whether two parts are the same, and so is everything they refer to."""
        return same(_expand(self.old, was), _expand(self.new, now))

    def changed(self, where: str, was: Any, now: Any, keys: tuple[str, ...], effect: str) -> None:
        """Note the keys under which two parts differ."""
        found = [key for key in keys if not self.whole(was.get(key), now.get(key))]
        if found:
            self.tell(where, f"{', '.join(found)} changed", effect)

    def words(self, where: str, was: Any, now: Any) -> None:
        """Compare what is told to people."""
        self.changed(where, was, now, _WORDS, NOTE)
        if bool(was.get("deprecated")) != bool(now.get("deprecated")):
            self.tell(where, "deprecated" if now.get("deprecated") else "deprecated no more")

    def holder(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare two parameters or headers of one name."""
        if bool(was.get("required")) != bool(now.get("required")):
            told = "became required" if now.get("required") else "is required no more"
            self.tell(where, told, side if bool(now.get("required")) == (side == CALLER) else "")
        self.words(where, was, now)
        self.changed(where, was, now, _WRITING, side)
        self.schema(where, was.get("schema") or {}, now.get("schema") or {}, side)
        self.media(where, was, now, side)

    def media(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare what two bodies hold in each media type."""
        old, new = was.get("content") or {}, now.get("content") or {}
        several = len({*old, *new}) > 1
        for kind in dict.fromkeys([*old, *new]):
            at = f"{where} {kind}" if several else where
            if kind not in new:
                self.tell(f"{where} {kind}", "media type removed", side)
            elif kind not in old:
                self.tell(f"{where} {kind}", "media type added", READER if side == READER else "")
            else:
                one, other = old[kind], new[kind]
                self.words(at, one, other)
                self.changed(at, one, other, ("encoding",), side)
                self.schema(at, one.get("schema") or {}, other.get("schema") or {}, side)

    def schema(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare two schemas and the ones inside them."""
        pair = (str(was.get("$ref", "")), str(now.get("$ref", "")))
        if any(pair):
            if pair in self.open:
                return
            self.open.add(pair)
        one, other = self.resolved(was, now)
        for what, change in compare_limits(one, other):
            self.tell(where, what, side if _breaks(change, side) else "")
        self.words(where, one, other)
        self.changed(where, one, other, ("discriminator", "not"), side)
        for key, barred in (("readOnly", CALLER), ("writeOnly", READER)):
            if bool(one.get(key)) != bool(other.get(key)):
                told = key if other.get(key) else f"{key} no more"
                self.tell(where, told, side if side == barred and other.get(key) else "")
        self.changed(where, one, other, ("xml",), NOTE)
        self.properties(where, one, other, side)
        self.parts(where, one, other, side)
        self.open.discard(pair)

    def parts(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare the schemas of items, of unknown fields and of alternatives."""
        for key in ("items", "additionalProperties"):
            given = [node.get(key) for node in (was, now)]
            # Whether unknown fields are allowed at all is compared already.
            if False not in given and any(isinstance(part, dict) for part in given):
                one, other = (part if isinstance(part, dict) else {} for part in given)
                self.schema(f"{where} {key}", one, other, side)
        for key in _IN_LIST:
            old, new = was.get(key) or [], now.get(key) or []
            if len(old) != len(new):
                self.tell(where, f"{key} changed", side)
                continue
            for at, (one, other) in enumerate(zip(old, new, strict=True)):
                self.schema(f"{where} {key} {at + 1}", one, other, side)

    def properties(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare the properties of two schemas, and which of them are required."""
        old, new = was.get("properties") or {}, now.get("properties") or {}
        needed_then, needed_now = was.get("required") or [], now.get("required") or []
        for name in dict.fromkeys([*old, *new, *needed_then, *needed_now]):
            at = f"{where}.{name}" if ": " in where else f"{where}: {name}"
            if name in old and name not in new:
                # Sent all the same, the field may be refused, and surely does nothing.
                self.tell(at, "field removed", side)
                continue
            if name in new and name not in old:
                needed = name in needed_now
                broken = side == CALLER and needed
                self.tell(at, f"field added{', required' * needed}", side if broken else "")
                continue
            if (name in needed_then) != (name in needed_now):
                told = "became required" if name in needed_now else "is required no more"
                broken = (name in needed_now) == (side == CALLER)
                self.tell(at, told, side if broken else "")
            if name in old:
                self.schema(at, old[name], new[name], side)


def _breaks(change: str, side: str) -> bool:
    """Say whether a change breaks a side: narrower breaks callers, wider breaks readers."""
    return change == "other" or change == ("narrower" if side == CALLER else "wider")


def _resolve(document: Any, node: Any) -> Any:
    """Follow references to what they lead to."""
    for _ in range(10):
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            break
        node = leads_to(document, node["$ref"]) or {}
    return node if isinstance(node, dict) else {}


def _expand(document: Any, node: Any, inside: tuple[str, ...] = ()) -> Any:
    """Put what references lead to in their place, extensions left out; a circle ends in the reference."""
    if isinstance(node, list):
        return [_expand(document, item, inside) for item in node]
    if not isinstance(node, dict):
        return node
    target = node.get("$ref")
    if isinstance(target, str):
        if target in inside:
            return target
        return _expand(document, leads_to(document, target), (*inside, target))
    return {
        key: _expand(document, value, inside)
        for key, value in node.items()
        if not str(key).startswith("x-")
    }
