"""Tells which interactions went to the gateway, at whatever address it stood, and what each is about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import SplitResult

from openapi_core.templating.paths.exceptions import OperationNotFound, PathError
from pipeline.walk import Operation

from .document import Document
from .recordings import Cassette, Interaction


@dataclass(frozen=True)
class Sorted:
    """One interaction and where it went.

    Args:
        interaction: The interaction.
        outside: Whether it went to another origin than the gateway's.
        path: Its path without what stands before the document's paths.
        operation: What it is about; None if the document does not know it.
        close: An operation that may be meant, if the document does not know it.
    """

    interaction: Interaction
    outside: bool = False
    path: str = ""
    operation: Operation | None = None
    close: Operation | None = None


def sort(cassettes: Iterable[Cassette], document: Document) -> Iterator[Sorted]:
    """Sort the interactions of cassettes.

    The gateway is where the head of a cassette says; without one, where the first request went that
    the document knows, in this cassette or else in another.

    Args:
        cassettes: The recordings.
        document: The document.

    Yields:
        Each interaction, in order.
    """
    tapes = list(cassettes)
    homes = [_home(tape, document) for tape in tapes]
    known = {home for home in homes if home}
    for tape, home in zip(tapes, homes, strict=True):
        here = {home} if home else known & {i.request.origin for i in tape.interactions}
        if not here:  # nothing is known of any: then let it be told, and not passed over
            here = {i.request.origin for i in tape.interactions[:1]}
        for interaction in tape.interactions:
            if interaction.request.origin not in here:
                yield Sorted(interaction, outside=True)
                continue
            path, operation = _find(interaction, document)
            close = None if operation else _close(interaction, document)
            yield Sorted(interaction, False, path, operation, close)


def _home(tape: Cassette, document: Document) -> str | None:
    if tape.base_url is not None:
        return _origin(tape.base_url)
    for interaction in tape.interactions:
        if _find(interaction, document)[1] is not None:
            return interaction.request.origin
    return None


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc}"


def _find(interaction: Interaction, document: Document) -> tuple[str, Operation | None]:
    """Find the operation of a path, whatever stands before it."""
    method = interaction.request.method.lower()
    whole = interaction.request.url.path or "/"
    at = 0
    while at >= 0:
        path = whole[at:]
        try:
            found = document.finder.find(method, f"http://gateway{path}")
        except OperationNotFound:
            return path, None
        except PathError:
            at = whole.find("/", at + 1)
            continue
        return path, document.operation(found.path_result.pattern, method)
    return whole, None


def _close(interaction: Interaction, document: Document) -> Operation | None:
    """Find the operation whose method and path look most like one that is not known."""
    method = interaction.request.method.lower()
    by_url = {op.url: op for op in document.operations if op.method == method}
    close = get_close_matches(interaction.request.url.path, by_url, n=1, cutoff=0.7)
    return by_url[close[0]] if close else None
