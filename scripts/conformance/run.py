"""Holds cassettes against a document, all of it in one call."""

from collections import Counter
from collections.abc import Iterable

from .document import Document, title
from .findings import Findings, gather
from .gateway import sort
from .judge import Judge
from .observe import observe
from .recordings import Cassette


def hold_against(document: Document, cassettes: Iterable[Cassette]) -> Findings:
    """Hold cassettes against a document.

    Args:
        document: The document.
        cassettes: The recordings.

    Returns:
        All that came of it.

    Raises:
        PipelineError: The document is so odd that openapi-core stumbles over it.
    """
    tapes = list(cassettes)
    judge = Judge(document)
    outside: Counter[str] = Counter()
    recorded = {title(operation): Counter[int]() for operation in document.operations}
    for sorted_ in sort(tapes, document):
        if sorted_.outside:
            outside[sorted_.interaction.request.origin] += 1
            continue
        judge.take(sorted_)
        if sorted_.operation is not None:
            recorded[title(sorted_.operation)][sorted_.interaction.answer.status] += 1
    gaps = [f"no cassette is about {name}" for name, statuses in recorded.items() if not statuses]
    notes = dict.fromkeys([*judge.notes, *observe(document, judge.spoken)])
    return Findings(
        document=document.name,
        cassettes=len(tapes),
        recorded={name: dict(statuses) for name, statuses in recorded.items()},
        outside=dict(outside),
        deviations=gather(judge.deviations),
        gaps=gaps,
        notes=list(notes),
    )
