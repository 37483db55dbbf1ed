"""Tell which interactions went to the gateway, at whatever address it stood, and which operation each is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from openapi_core.templating.paths.exceptions import OperationNotFound, PathError
from pipeline.walk import Operation

from .cassette import Cassette
from .document import Document
from .interactions import Interaction, Request


class Sorted(NamedTuple):
    """One interaction and where it went.

    Attributes:
        where: The cassette, and the position in it from 1.
        interaction: The interaction.
        outside: Whether it went to another origin than the gateway's.
        path: Its path without what stands before the document's paths.
        operation: What it is about; None if the document does not know it.
    """

    where: str
    interaction: Interaction
    outside: bool
    path: str = ""
    operation: Operation | None = None


def sort(cassettes: Sequence[Cassette], document: Document) -> Iterator[Sorted]:
    """Sort the interactions of cassettes.

    The gateway is where the head of a cassette says; without one, where the first request went that
    the document knows, in this cassette or else in another.

    Args:
        cassettes: The recordings.
        document: The document.

    Yields:
        Each interaction, in order.
    """
    homes = [_home(tape, document) for tape in cassettes]
    known = set(filter(None, homes))
    for tape, home in zip(cassettes, homes, strict=True):
        origins = [each.request.origin for each in tape.interactions]
        # If nothing is known of any, the first is taken, so that it is told and not passed over.
        here = {home} if home else known & set(origins) or set(origins[:1])
        for number, interaction in enumerate(tape.interactions, 1):
            outside = interaction.request.origin not in here
            found = ("", None) if outside else _find(interaction.request, document)
            yield Sorted(f"{tape.name}#{number}", interaction, outside, *found)


def _home(tape: Cassette, document: Document) -> str | None:
    if isinstance(base_url := tape.head.get("base_url"), str) and base_url:
        return Request("GET", base_url, {}).origin
    requests = (each.request for each in tape.interactions)
    return next((each.origin for each in requests if _find(each, document)[1]), None)


def _find(request: Request, document: Document) -> tuple[str, Operation | None]:
    """Find the operation of a path, whatever stands before it."""
    method = request.method.lower()
    for at, character in enumerate(request.path):
        path = request.path[at:]
        if character == "/":
            try:
                found = document.finder.find(method, f"http://gateway{path}")
            except OperationNotFound:
                return path, None
            except PathError:
                continue
            key = found.path_result.pattern, method
            return path, next(op for op in document.operations if (op.url, op.method) == key)
    return request.path, None
