"""Write HTML that cannot be broken out of: whatever is not HTML already is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from html import escape
from typing import TypeAlias

_VOID = frozenset({"br", "img", "input", "link", "meta"})


class Html(str):
    """Text that is HTML, and is not escaped again. Only this module makes it."""

    __slots__ = ()


Child: TypeAlias = "str | int | Iterable[Child] | None"
Attribute: TypeAlias = "str | int | bool | None"


def fragment(*children: Child) -> Html:
    """Return children one after the other: text escaped, lists flattened, None left out."""
    return Html("".join(_written(child) for child in children))


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Return an element.

    Args:
        name: of the element.
        *children: what is in it; text is escaped.
        **attributes: an underscore at the end of a name is dropped, others become hyphens, as in `class_` and
            `aria_label`. True gives an attribute without a value; None and False leave it out.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{head}>")
    return Html(f"<{name}{head}>{fragment(*children)}</{name}>")


def live(name: str, /, element_id: str, *children: Child, **attributes: Attribute) -> Html:
    """Return an element that the page's script replaces when its content has changed."""
    content = fragment(*children)
    key = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
    return tag(name, content, id=element_id, data_live=True, data_key=key, **attributes)


def document(head: Iterable[Html], body: Iterable[Html]) -> str:
    """Return a whole page in English."""
    page = tag("html", tag("head", head), tag("body", body), lang="en")
    return f"<!doctype html>\n{page}\n"


def _written(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, (str, int)):
        return escape(_allowed(str(child)))
    return fragment(*child)


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_allowed(str(value)))}"'


def _allowed(text: str) -> str:
    """Return text without what HTML cannot hold: a lone surrogate or NUL."""
    return (
        text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
