"""What changed between two documents, and whom it breaks.

Schemas are compared where they are used, since the same change means opposite things on the two
sides: a caller is broken by a request that demands more or allows less, a reader of answers by an
answer that promises less or may hold more. References are followed, so that renaming a component
is no change.
"""

from dataclasses import dataclass
from typing import Any

from pipeline.allowed import compare_limits
from pipeline.tree import same
from pipeline.walk import METHODS, leads_to

CALLER, READER = "caller", "reader"
# What is told to people only, and what is ours.
_WORDS = {"description", "summary", "title", "example", "examples", "tags", "externalDocs"}


@dataclass(frozen=True)
class Difference:
    """One thing that changed.

    Args:
        operation: The operation it belongs to.
        where: The place in the operation, such as `request: model`.
        what: What changed there.
        breaks: Whom it breaks, `caller` or `reader`; empty if it is compatible for both.
    """

    operation: str
    where: str
    what: str
    breaks: str = ""

    @property
    def verdict(self) -> str:
        """The class of the change in words."""
        return f"breaking for the {self.breaks}" if self.breaks else "compatible"


def compare_documents(old: Any, new: Any) -> list[Difference]:
    """Compare two documents operation by operation.

    Args:
        old: The document as it was.
        new: The document as it is now.

    Returns:
        The differences, in the order of the operations.
    """
    was, now = _operations(old), _operations(new)
    found: list[Difference] = []
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            found.append(Difference(name, "operation", "removed", CALLER))
        elif name not in was:
            found.append(Difference(name, "operation", "added"))
        else:
            comparison = _Comparison(name, old, new)
            comparison.operation(was[name], now[name])
            found += comparison.found
    return found


def _operations(document: Any) -> dict[str, Any]:
    """List the operations, each with the parameters of its path."""
    listed = {}
    for url, item in (document.get("paths") or {}).items():
        shared = item.get("parameters") or []
        for method in item:
            if method in METHODS:
                own = item[method]
                parameters = [*shared, *(own.get("parameters") or [])]
                listed[f"{method.upper()} {url}"] = {**own, "parameters": parameters}
    return listed


class _Comparison:
    """Compares one operation of two documents."""

    def __init__(self, name: str, old: Any, new: Any) -> None:
        self.name = name
        self.old, self.new = old, new
        self.found: list[Difference] = []
        # Pairs of references that are being compared: schemas may contain themselves.
        self.open: set[tuple[str, str]] = set()

    def note(self, where: str, what: str, breaks: str = "") -> None:
        self.found.append(Difference(self.name, where, what, breaks))

    def operation(self, was: Any, now: Any) -> None:
        if was.get("operationId") != now.get("operationId"):
            told = f"operationId {was.get('operationId')} became {now.get('operationId')}"
            self.note("operation", told, CALLER)
        if not same(was.get("security"), now.get("security")):
            self.note("operation", "security changed", CALLER)
        if was.get("tags") != now.get("tags"):
            told = f"tags {was.get('tags')} became {now.get('tags')}"
            self.note("operation", told, CALLER)
        if bool(was.get("deprecated")) != bool(now.get("deprecated")):
            self.note("operation", "deprecated" if now.get("deprecated") else "deprecated no more")
        for key in ("summary", "description"):
            if was.get(key) != now.get(key):
                self.note("operation", f"{key} changed")
        self.parameters(was["parameters"], now["parameters"])
        self.request(was.get("requestBody"), now.get("requestBody"))
        self.answers(was.get("responses") or {}, now.get("responses") or {})

    def resolve(self, document: Any, node: Any) -> Any:
        """Follow references to what they lead to."""
        for _ in range(10):
            if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
                break
            node = leads_to(document, node["$ref"]) or {}
        return node if isinstance(node, dict) else {}

    def parameters(self, was: list[Any], now: list[Any]) -> None:
        olds = [self.resolve(self.old, item) for item in was]
        news = [self.resolve(self.new, item) for item in now]
        old = {f"{item.get('in')} parameter {item.get('name')}": item for item in olds}
        new = {f"{item.get('in')} parameter {item.get('name')}": item for item in news}
        for where in dict.fromkeys([*old, *new]):
            if where not in new:
                self.note(where, "removed", CALLER)
            elif where not in old:
                needed = bool(new[where].get("required"))
                self.note(where, f"added{', required' * needed}", CALLER if needed else "")
            else:
                self.required(where, old[where].get("required"), new[where].get("required"))
                self.words(where, old[where], new[where])
                one, other = old[where].get("schema") or {}, new[where].get("schema") or {}
                self.schema(where, one, other, CALLER)

    def required(self, where: str, was: Any, now: Any) -> None:
        if bool(was) != bool(now):
            told = "became required" if now else "is required no more"
            self.note(where, told, CALLER if now else "")

    def request(self, was: Any, now: Any) -> None:
        one, other = self.resolve(self.old, was), self.resolve(self.new, now)
        if not one and not other:
            return
        if not one or not other:
            needed = bool(other.get("required"))
            told = "removed" if one else f"added{', required' * needed}"
            self.note("request", told, CALLER if one or needed else "")
            return
        self.required("request", one.get("required"), other.get("required"))
        self.media("request", one, other, CALLER)

    def answers(self, was: Any, now: Any) -> None:
        for status in dict.fromkeys([*was, *now]):
            where = f"answer {status}"
            if status not in now:
                self.note(where, "removed", READER)
            elif status not in was:
                self.note(where, "added", READER if str(status).startswith("2") else "")
            else:
                one = self.resolve(self.old, was[status])
                other = self.resolve(self.new, now[status])
                self.words(where, one, other)
                self.media(where, one, other, READER)

    def media(self, where: str, was: Any, now: Any, side: str) -> None:
        old, new = was.get("content") or {}, now.get("content") or {}
        several = len({*old, *new}) > 1
        for kind in dict.fromkeys([*old, *new]):
            at = f"{where} {kind}" if several else where
            if kind not in new:
                self.note(f"{where} {kind}", "media type removed", side)
            elif kind not in old:
                told = READER if side == READER else ""
                self.note(f"{where} {kind}", "media type added", told)
            else:
                one, other = old[kind].get("schema") or {}, new[kind].get("schema") or {}
                self.schema(at, one, other, side)

    def words(self, where: str, was: Any, now: Any) -> None:
        changed = [key for key in sorted(_WORDS) if not same(was.get(key), now.get(key))]
        if changed:
            self.note(where, f"{', '.join(changed)} changed")

    def schema(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare two schemas and the ones inside them."""
        pair = (str(was.get("$ref", "")), str(now.get("$ref", "")))
        if any(pair):
            if pair in self.open:
                return
            self.open.add(pair)
        one, other = self.resolve(self.old, was), self.resolve(self.new, now)
        for what, change in compare_limits(one, other):
            self.note(where, what, side if _breaks(change, side) else "")
        self.words(where, one, other)
        self.properties(where, one, other, side)
        for key in ("items", "additionalProperties", "not"):
            if isinstance(one.get(key), dict) and isinstance(other.get(key), dict):
                self.schema(f"{where} {key}", one[key], other[key], side)
        self.open.discard(pair)

    def properties(self, where: str, was: Any, now: Any, side: str) -> None:
        old, new = was.get("properties") or {}, now.get("properties") or {}
        needed_then, needed_now = was.get("required") or [], now.get("required") or []
        for name in dict.fromkeys([*old, *new]):
            at = f"{where}.{name}" if ": " in where else f"{where}: {name}"
            if name not in new:
                # Sent all the same, the field may be refused, and surely does nothing.
                self.note(at, "field removed", side)
            elif name not in old:
                needed = name in needed_now
                broken = side == CALLER and needed
                self.note(at, f"field added{', required' * needed}", side if broken else "")
            else:
                if (name in needed_then) != (name in needed_now):
                    told = "became required" if name in needed_now else "is required no more"
                    broken = (name in needed_now) == (side == CALLER)
                    self.note(at, told, side if broken else "")
                self.schema(at, old[name], new[name], side)


def _breaks(change: str, side: str) -> bool:
    """Say whether a change breaks a side: narrower breaks callers, wider breaks readers."""
    return change == "other" or change == ("narrower" if side == CALLER else "wider")
