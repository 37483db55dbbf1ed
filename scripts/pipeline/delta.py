"""What changed between two documents, and whom it breaks.

Schemas are compared where they are used, since the same change means opposite things on the two
sides: a caller is broken by a request that demands more or allows less, a reader of answers by an
answer that promises less or may hold more. References are followed, so that renaming a component
is no change.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.answers import WORDS
from pipeline.tree import same
from pipeline.walk import METHODS, expand, leads_to, resolve

CALLER, READER, NOTE = "caller", "reader", "note"
_ONE_ADDRESS = "the facade has one address for all operations"
_FOLLOWS = "DEFAULT_BASE_URL of the facade has to follow"
# The keys of OpenAPI 3.0 that are not compared, and why; `*` stands for every object. A test holds this against the
# specification's own list of keys.
NOT_COMPARED = {
    "*.x-": "says nothing to the client; but x-extensible-enum, the known words of an answer, is compared",
    "Components, unused": "no operation leads there; the names that the package gets from it are compared",
}
_INFO = ("contact", "description", "license", "termsOfService", "title", "version")
_SCHEME = ("flows", "in", "name", "openIdConnectUrl", "scheme", "type")
# What is told to people only.
_WORDS = ("description", "example", "examples", "externalDocs", "summary", "title")
# How a value is written into a request or answer.
_WRITING = ("allowEmptyValue", "allowReserved", "explode", "style")
_LIMITS = sorted((
    "maxLength", "maxItems", "maximum", "exclusiveMaximum", "minLength", "minItems", "minimum",
    "exclusiveMinimum", "multipleOf", "pattern", "uniqueItems", "maxProperties", "minProperties",
    "format",
))  # fmt: skip
_NARROW = ("integer", "number")


@dataclass(frozen=True)
class Difference:
    """One thing that changed.

    Args:
        operation: The operation it belongs to, or `document`.
        where: The place in the operation, such as `request: model`.
        what: What changed there.
        effect: Whom it breaks, `caller` or `reader`; `note` if only people can tell the difference; empty if code
            may, and is not broken.
    """

    operation: str
    where: str
    what: str
    effect: str = ""

    @property
    def breaks(self) -> str:
        """Whom it breaks; empty if nobody."""
        return "" if self.effect == NOTE else self.effect

    @property
    def verdict(self) -> str:
        """The class of the change in words."""
        if self.breaks:
            return f"breaking for the {self.breaks}"
        return self.effect or "compatible"


def compare_documents(old: Any, new: Any) -> list[Difference]:
    """Compare two documents: what holds for all operations, then operation by operation.

    Args:
        old: The document as it was; empty if there was none.
        new: The document as it is now.

    Returns:
        The differences, in the order of the operations.
    """
    was, now = _operations(old), _operations(new)
    delta = _Delta(old, new)
    if old:
        delta.frame()
    for name in dict.fromkeys([*was, *now]):
        delta.name = name
        if name not in now:
            delta.tell("operation", "removed", CALLER)
        elif name not in was:
            delta.tell("operation", "added")
        else:
            delta.operation(was[name], now[name])
    return delta.found


def _operations(document: Any) -> dict[str, Any]:
    """List the operations, each with what its path and the document say for it."""
    listed = {}
    for url, item in (document.get("paths") or {}).items():
        if url.startswith("x-"):
            continue
        if isinstance(item.get("$ref"), str):
            item = {**(leads_to(document, item["$ref"]) or {}), **item}
        for method in (key for key in item if key in METHODS):
            own = item[method]
            servers = own.get("servers") or item.get("servers")
            listed[f"{method.upper()} {url}"] = {
                **own,
                "parameters": [*(item.get("parameters") or []), *(own.get("parameters") or [])],
                "security": own.get("security", document.get("security")),
                "own servers": servers,
                "servers": servers or document.get("servers"),
                "path": {key: item.get(key) for key in ("summary", "description")},
            }
    return listed


def _parameters(document: Any, operation: Any) -> dict[str, Any]:
    """Give the parameters of an operation, each by its place and name."""
    given = (resolve(document, item) for item in operation["parameters"])
    return {f"{item.get('in')} parameter {item.get('name')}": item for item in given}


def _added(_: str, part: Any) -> tuple[str, str]:
    """Tell of something new in a request: it breaks callers if it is required."""
    return ("added, required", CALLER) if part.get("required") else ("added", "")


class _Delta:
    """Compares parts of two documents, and collects the differences.

    Args:
        old: The document as it was.
        new: The document as it is now.
    """

    def __init__(self, old: Any, new: Any) -> None:
        # The operation that the parts belong to which are being compared.
        self.name = "document"
        self.old, self.new = old, new
        self.found: list[Difference] = []
        # Pairs of references that are being compared: schemas may contain themselves.
        self.open: set[tuple[str, str]] = set()

    def tell(self, where: str, what: str, effect: str = "") -> None:
        """Note a difference."""
        self.found.append(Difference(self.name, where, what, effect))

    def resolved(self, was: Any, now: Any) -> tuple[Any, Any]:
        """Follow the references that two parts of the documents may be."""
        return resolve(self.old, was), resolve(self.new, now)

    def both(
        self,
        where: str,
        old: Any,
        new: Any,
        gone: str,
        added: Callable[[str, Any], tuple[str, str]] = lambda *_: ("added", ""),
        kind: str = "",
    ) -> Iterator[tuple[str, Any, Any]]:
        """Match parts by name, and yield the place of each with the part as it was and is.

        What went breaks the side `gone`; `added` tells of what came, and whom it breaks.
        """
        for name in dict.fromkeys([*old, *new]):
            if name not in new:
                self.tell(f"{where}{name}", f"{kind}removed", gone)
            elif name not in old:
                what, effect = added(name, new[name])
                self.tell(f"{where}{name}", f"{kind}{what}", effect)
            else:
                yield f"{where}{name}", old[name], new[name]

    def changed(self, where: str, was: Any, now: Any, keys: tuple[str, ...], effect: str) -> None:
        """Note the keys under which two parts, or what they refer to, differ."""
        found = [
            key
            for key in keys
            if not same(expand(self.old, was.get(key)), expand(self.new, now.get(key)))
        ]
        if found:
            self.tell(where, f"{', '.join(found)} changed", effect)

    def words(self, where: str, was: Any, now: Any) -> None:
        """Compare what is told to people."""
        self.changed(where, was, now, _WORDS, NOTE)
        if bool(was.get("deprecated")) != bool(now.get("deprecated")):
            self.tell(where, "deprecated" if now.get("deprecated") else "deprecated no more")

    def required(self, where: str, was: bool, now: bool, side: str) -> None:
        """Compare whether something must be there: demanded of callers, promised to readers."""
        if was != now:
            told = "became required" if now else "is required no more"
            self.tell(where, told, side if now == (side == CALLER) else "")

    def frame(self) -> None:
        """Compare what holds for all operations: servers, security schemes, what is told to people."""
        old, new = self.old, self.new
        self.servers(old.get("servers"), new.get("servers"), _FOLLOWS)
        one, other = ((d.get("components") or {}).get("securitySchemes") or {} for d in (old, new))
        for where, was, now in self.both("security scheme ", one, other, CALLER):
            one, other = self.resolved(was, now)
            self.changed(where, one, other, _SCHEME, CALLER)
            self.changed(where, one, other, ("bearerFormat", "description"), NOTE)
        self.changed("info", old.get("info") or {}, new.get("info") or {}, _INFO, NOTE)
        self.changed("document", old, new, ("externalDocs", "openapi"), NOTE)
        # By their names: the order of tags says nothing.
        one, other = ({tag.get("name"): tag for tag in d.get("tags") or []} for d in (old, new))
        self.changed("document", {"tags": one}, {"tags": other}, ("tags",), NOTE)

    def servers(self, was: Any, now: Any, advice: str) -> None:
        """Compare two lists of servers, of which clients take the first."""
        old, new = (
            {str(server.get("url")): server for server in given or [{"url": "/"}]}
            for given in (was, now)
        )
        first, then = next(iter(old)), next(iter(new))
        if first != then:
            # Whoever keeps the old address sends prompts and key to a host that the document does not name first.
            self.tell("servers", f"{first} became {then}; {advice}", CALLER)
        # The first ones are compared already.
        gone, come = old.keys() - {*new, first}, new.keys() - {*old, then}
        for url in dict.fromkeys([*old, *new]):
            if url in gone:
                self.tell("servers", f"{url} removed", CALLER)
            elif url in come:
                self.tell("servers", f"{url} added")
            elif url in old and url in new:
                pair = old[url], new[url]
                if not same(*(_variables(server, "default", "enum") for server in pair)):
                    self.tell("servers", f"variables of {url} changed", CALLER)
                words = [[s.get("description"), _variables(s, "description")] for s in pair]
                if not same(*words):
                    self.tell("servers", f"description of {url} changed", NOTE)

    def operation(self, was: Any, now: Any) -> None:
        """Compare two definitions of the operation."""
        for key in ("operationId", "tags"):
            if was.get(key) != now.get(key):
                self.tell("operation", f"{key} {was.get(key)} became {now.get(key)}", CALLER)
        if was["own servers"] or now["own servers"]:
            self.servers(was["servers"], now["servers"], _ONE_ADDRESS)
        allowed, allows = _alternatives(was["security"]), _alternatives(now["security"])
        if allowed != allows:
            told = f"security {' or '.join(sorted(allowed))} became {' or '.join(sorted(allows))}"
            self.tell("operation", told, CALLER if allowed - allows else "")
        self.words("operation", was, now)
        self.words("path", was["path"], now["path"])
        self.changed("operation", was, now, ("callbacks",), NOTE)
        parameters = _parameters(self.old, was), _parameters(self.new, now)
        given = self.resolved(was.get("requestBody"), now.get("requestBody"))
        bodies = ({"request": body} if body else {} for body in given)
        for old, new in (parameters, bodies):
            for where, one, other in self.both("", old, new, CALLER, _added):
                self.holder(where, one, other, CALLER)
        self.answers(was.get("responses") or {}, now.get("responses") or {})

    def answers(self, *given: Any) -> None:
        """Compare the answers, status by status."""

        def added(status: str, _: Any) -> tuple[str, str]:
            return "added", READER if status.startswith("2") else ""

        old, new = ({key: a[key] for key in a if not key.startswith("x-")} for a in given)
        for where, was, now in self.both("answer ", old, new, READER, added):
            one, other = self.resolved(was, now)
            self.words(where, one, other)
            self.changed(where, one, other, ("links",), NOTE)
            headers = [answer.get("headers") or {} for answer in (one, other)]
            # Their names have no letter case; the newer spelling is told.
            spelling = {name.lower(): name for held in headers for name in held}
            before, after = ({spelling[n.lower()]: h for n, h in held.items()} for held in headers)
            for at, header, another in self.both(f"{where} header ", before, after, READER):
                self.holder(at, *self.resolved(header, another), READER)
            self.media(where, one, other, READER)

    def holder(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare two parameters, headers or bodies of one name."""
        self.required(where, bool(was.get("required")), bool(now.get("required")), side)
        self.words(where, was, now)
        self.changed(where, was, now, _WRITING, side)
        self.schema(where, was.get("schema") or {}, now.get("schema") or {}, side)
        self.media(where, was, now, side)

    def media(self, where: str, was: Any, now: Any, side: str) -> None:
        """Compare what two bodies hold in each media type."""
        old, new = was.get("content") or {}, now.get("content") or {}
        several = len({*old, *new}) > 1
        added = ("added", READER if side == READER else "")
        parts = self.both(f"{where} ", old, new, side, lambda *_: added, "media type ")
        for named, one, other in parts:
            at = named if several else where
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
        for what, change in _limits(one, other):
            # Narrower breaks callers, wider breaks readers.
            breaks = change in ("other", "narrower" if side == CALLER else "wider")
            self.tell(where, what, side if breaks else "")
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
        for key in ("allOf", "anyOf", "oneOf"):
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
            needed = name in needed_now
            if name in old and name not in new:
                # Sent all the same, the field may be refused, and surely does nothing.
                self.tell(at, "field removed", side)
            elif name in new and name not in old:
                broken = side == CALLER and needed
                self.tell(at, f"field added{', required' * needed}", side if broken else "")
            else:
                self.required(at, name in needed_then, needed, side)
                if name in old:
                    self.schema(at, old[name], new[name], side)


def _limits(was: Any, now: Any) -> Iterator[tuple[str, str]]:
    """List what differs in what two schemas allow: less (`narrower`), more (`wider`), `other` or `none` of it."""
    one, other = was.get("type"), now.get("type")
    if one != other:
        wider = other is None or (one, other) == _NARROW
        narrower = one is None or (other, one) == _NARROW
        change = "wider" if wider else "narrower" if narrower else "other"
        yield f"type {one or 'any'} became {other or 'any'}", change
    if bool(was.get("nullable")) != bool(now.get("nullable")):
        yield ("may be null", "wider") if now.get("nullable") else ("may not be null", "narrower")
    yield from _enum(was.get("enum"), now.get("enum"))
    for told, _ in _lost_and_gained(was.get(WORDS) or [], now.get(WORDS) or []):
        # They limit nothing: any other word is allowed as well.
        yield f"known words {told}", "none"
    for key in _LIMITS:
        if not same(was.get(key), now.get(key)):
            yield f"{key} {_told(was, key)} became {_told(now, key)}", _limit(key, was, now)
    extra = [node.get("additionalProperties", True) is not False for node in (was, now)]
    if extra[0] != extra[1]:
        told = "unknown fields are allowed" if extra[1] else "unknown fields are not allowed"
        yield told, "wider" if extra[1] else "narrower"
    if not same(was.get("default"), now.get("default")):
        yield f"default {_told(was, 'default')} became {_told(now, 'default')}", "none"


def _enum(was: Any, now: Any) -> Iterator[tuple[str, str]]:
    """Compare two lists of allowed values."""
    if was is not None and now is not None:
        for told, change in _lost_and_gained(was, now):
            yield f"enum {told}", change
    elif was is not None:
        yield "any value is allowed", "wider"
    elif now is not None:
        yield f"only {_row(now)} allowed", "narrower"


def _lost_and_gained(was: list[Any], now: list[Any]) -> Iterator[tuple[str, str]]:
    """Compare two lists of words, in any order."""
    gone = [value for value in was if not any(same(value, kept) for kept in now)]
    new = [value for value in now if not any(same(value, kept) for kept in was)]
    if gone:
        yield f"lost {_row(gone)}", "narrower"
    if new:
        yield f"gained {_row(new)}", "wider"


def _limit(key: str, was: Any, now: Any) -> str:
    """Class a change of a limit."""
    if key != "format" and key not in now:
        return "wider"
    if key != "format" and key not in was:
        return "narrower"
    upper, bound = key.startswith("max"), key.startswith(("max", "min"))
    if bound and all(isinstance(node[key], int | float) for node in (was, now)):
        return "wider" if (now[key] > was[key]) == upper else "narrower"
    return "other"


def _row(values: list[Any]) -> str:
    return ", ".join(map(str, values))


def _told(schema: Any, key: str) -> str:
    return str(schema[key]) if key in schema else "none"


def _alternatives(security: Any) -> set[str]:
    """List the sets of schemes that are each enough to be let in, each as a text."""
    told = set()
    for needed in security or [{}]:
        names = (
            name + (f" ({', '.join(sorted(scopes))})" if scopes else "")
            for name, scopes in sorted(needed.items())
        )
        told.add(" with ".join(names) or "no key")
    return told


def _variables(server: Any, *keys: str) -> dict[str, Any]:
    """Give what some keys say of each variable of a server's address, where they say anything."""
    named = server.get("variables") or {}
    said = {name: [variable.get(key) for key in keys] for name, variable in named.items()}
    return {name: values for name, values in said.items() if any(values)}
