"""What changed in what holds for all operations: servers, security schemes, and what is told to people."""

from collections.abc import Iterator
from typing import Any

from pipeline.difference import CALLER, NOTE, Difference
from pipeline.schema_delta import SchemaDelta
from pipeline.tree import same

_NAME = "document"
_FOLLOWS = "DEFAULT_BASE_URL of the facade has to follow"
_INFO = ("contact", "description", "license", "termsOfService", "title", "version")
_SCHEME = ("flows", "in", "name", "openIdConnectUrl", "scheme", "type")


def compare_frames(old: Any, new: Any) -> list[Difference]:
    """Compare two documents, their operations aside.

    Args:
        old: The document as it was.
        new: The document as it is now.

    Returns:
        The differences.
    """
    delta = SchemaDelta(_NAME, old, new)
    for what, effect in moved(old.get("servers"), new.get("servers"), _FOLLOWS):
        delta.tell("servers", what, effect)
    was, now = (
        (document.get("components") or {}).get("securitySchemes") or {} for document in (old, new)
    )
    for name in dict.fromkeys([*was, *now]):
        where = f"security scheme {name}"
        if name not in now:
            delta.tell(where, "removed", CALLER)
        elif name not in was:
            delta.tell(where, "added")
        else:
            one, other = delta.resolved(was[name], now[name])
            delta.changed(where, one, other, _SCHEME, CALLER)
            delta.changed(where, one, other, ("bearerFormat", "description"), NOTE)
    delta.changed("info", old.get("info") or {}, new.get("info") or {}, _INFO, NOTE)
    delta.changed("document", old, new, ("externalDocs", "openapi"), NOTE)
    delta.changed("document", _described(old), _described(new), ("tags",), NOTE)
    return delta.found


def moved(was: Any, now: Any, advice: str) -> Iterator[tuple[str, str]]:
    """Compare two lists of servers, of which clients take the first.

    Args:
        was: The servers as they were.
        now: The servers as they are now.
        advice: What follows from another first server.

    Yields:
        What changed, and its effect.
    """
    old, new = was or [{"url": "/"}], now or [{"url": "/"}]
    before, after = ({str(server.get("url")): server for server in given} for given in (old, new))
    first, then = next(iter(before)), next(iter(after))
    if first != then:
        # Whoever keeps the old address sends prompts and key to a host that the document does not name first.
        yield f"{first} became {then}; {advice}", CALLER
    for url, server in before.items():
        if url not in after:
            if url != first:
                yield f"{url} removed", CALLER
            continue
        other = after[url]
        if not same(_variables(server, "default", "enum"), _variables(other, "default", "enum")):
            yield f"variables of {url} changed", CALLER
        words = [
            [node.get("description"), _variables(node, "description")] for node in (server, other)
        ]
        if not same(*words):
            yield f"description of {url} changed", NOTE
    for url in after:
        if url not in before and url != then:
            yield f"{url} added", ""


def _variables(server: Any, *keys: str) -> dict[str, Any]:
    """Give what some keys say of each variable of a server's address, where they say anything."""
    named = server.get("variables") or {}
    said = {name: [variable.get(key) for key in keys] for name, variable in named.items()}
    return {name: values for name, values in said.items() if any(values)}


def _described(document: Any) -> dict[str, Any]:
    """Give the tags by their names: their order says nothing."""
    return {"tags": {tag.get("name"): tag for tag in document.get("tags") or []}}
