"""What changed between two documents, and whom it breaks.

Schemas are compared where they are used, since the same change means opposite things on the two
sides: a caller is broken by a request that demands more or allows less, a reader of answers by an
answer that promises less or may hold more. References are followed, so that renaming a component
is no change.
"""

from typing import Any

from pipeline.difference import CALLER, NOTE, READER, Difference
from pipeline.document_delta import compare_frames, moved
from pipeline.schema_delta import SchemaDelta
from pipeline.tree import same
from pipeline.walk import METHODS, leads_to

_ONE_ADDRESS = "the facade has one address for all operations"
# The keys of OpenAPI 3.0 that are not compared, and why; `*` stands for every object. A test holds this against the
# specification's own list of keys.
NOT_COMPARED = {
    "*.x-": "says nothing to the client; but x-extensible-enum, the known words of an answer, is compared",
    "Components, unused": "no operation leads there; the names that the package gets from it are compared",
}


def compare_documents(old: Any, new: Any) -> list[Difference]:
    """Compare two documents: what holds for all operations, then operation by operation.

    Args:
        old: The document as it was.
        new: The document as it is now.

    Returns:
        The differences, in the order of the operations.
    """
    was, now = _operations(old), _operations(new)
    found = compare_frames(old, new) if old else []
    for name in dict.fromkeys([*was, *now]):
        if name not in now:
            found.append(Difference(name, "operation", "removed", CALLER))
        elif name not in was:
            found.append(Difference(name, "operation", "added"))
        else:
            comparison = _OperationDelta(name, old, new)
            comparison.operation(was[name], now[name])
            found += comparison.found
    return found


def _operations(document: Any) -> dict[str, Any]:
    """List the operations, each with what its path and the document say for it."""
    listed = {}
    for url, item in (document.get("paths") or {}).items():
        if url.startswith("x-"):
            continue
        if isinstance(item.get("$ref"), str):
            item = {**(leads_to(document, item["$ref"]) or {}), **item}
        shared = item.get("parameters") or []
        for method in item:
            if method in METHODS:
                own = item[method]
                listed[f"{method.upper()} {url}"] = {
                    **own,
                    "parameters": [*shared, *(own.get("parameters") or [])],
                    "security": own.get("security", document.get("security")),
                    "own servers": own.get("servers") or item.get("servers"),
                    "servers": own.get("servers") or item.get("servers") or document.get("servers"),
                    "path": {key: item.get(key) for key in ("summary", "description")},
                }
    return listed


class _OperationDelta(SchemaDelta):
    """Compares one operation of two documents."""

    def operation(self, was: Any, now: Any) -> None:
        if was.get("operationId") != now.get("operationId"):
            told = f"operationId {was.get('operationId')} became {now.get('operationId')}"
            self.tell("operation", told, CALLER)
        if was.get("tags") != now.get("tags"):
            told = f"tags {was.get('tags')} became {now.get('tags')}"
            self.tell("operation", told, CALLER)
        if was["own servers"] or now["own servers"]:
            for what, effect in moved(was["servers"], now["servers"], _ONE_ADDRESS):
                self.tell("servers", what, effect)
        self.security(was["security"], now["security"])
        self.words("operation", was, now)
        self.words("path", was["path"], now["path"])
        self.changed("operation", was, now, ("callbacks",), NOTE)
        self.parameters(was["parameters"], now["parameters"])
        self.request(was.get("requestBody"), now.get("requestBody"))
        self.answers(was.get("responses") or {}, now.get("responses") or {})

    def security(self, was: Any, now: Any) -> None:
        """Compare what may be shown to be let in: one of several sets of schemes."""
        old, new = _alternatives(was), _alternatives(now)
        if not same(old, new):
            told = f"security {' or '.join(sorted(old))} became {' or '.join(sorted(new))}"
            self.tell("operation", told, CALLER if old.keys() - new.keys() else "")

    def parameters(self, was: list[Any], now: list[Any]) -> None:
        old = self.named([self.resolved(item, None)[0] for item in was])
        new = self.named([self.resolved(None, item)[1] for item in now])
        for where in dict.fromkeys([*old, *new]):
            if where not in new:
                self.tell(where, "removed", CALLER)
            elif where not in old:
                needed = bool(new[where].get("required"))
                self.tell(where, f"added{', required' * needed}", CALLER if needed else "")
            else:
                self.holder(where, old[where], new[where], CALLER)

    def named(self, parameters: list[Any]) -> dict[str, Any]:
        return {f"{item.get('in')} parameter {item.get('name')}": item for item in parameters}

    def request(self, was: Any, now: Any) -> None:
        one, other = self.resolved(was, now)
        if not one and not other:
            return
        if not one or not other:
            needed = bool(other.get("required"))
            told = "removed" if one else f"added{', required' * needed}"
            self.tell("request", told, CALLER if one or needed else "")
            return
        self.holder("request", one, other, CALLER)

    def answers(self, was: Any, now: Any) -> None:
        for status in dict.fromkeys([*was, *now]):
            where = f"answer {status}"
            if str(status).startswith("x-"):
                continue
            if status not in now:
                self.tell(where, "removed", READER)
            elif status not in was:
                self.tell(where, "added", READER if str(status).startswith("2") else "")
            else:
                one, other = self.resolved(was[status], now[status])
                self.words(where, one, other)
                self.changed(where, one, other, ("links",), NOTE)
                self.headers(where, one.get("headers") or {}, other.get("headers") or {})
                self.media(where, one, other, READER)

    def headers(self, where: str, was: Any, now: Any) -> None:
        """Compare the headers of an answer, whose names have no letter case."""
        old = {name.lower(): (name, header) for name, header in was.items()}
        new = {name.lower(): (name, header) for name, header in now.items()}
        for key in dict.fromkeys([*old, *new]):
            at = f"{where} header {(new.get(key) or old[key])[0]}"
            if key not in new:
                self.tell(at, "removed", READER)
            elif key not in old:
                self.tell(at, "added")
            else:
                one, other = self.resolved(old[key][1], new[key][1])
                self.holder(at, one, other, READER)


def _alternatives(security: Any) -> dict[str, Any]:
    """List the sets of schemes that are each enough, by their text."""
    told: dict[str, Any] = {}
    for needed in security or [{}]:
        names = (
            name + (f" ({', '.join(sorted(scopes))})" if scopes else "")
            for name, scopes in sorted(needed.items())
        )
        told[" with ".join(names) or "no key"] = None
    return told
