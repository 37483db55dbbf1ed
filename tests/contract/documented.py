"""The documented examples as cases: read from the pages by the pipeline's own steps, never copied."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cassettes.document import Document
from pipeline.build import Assembled, Inputs, assemble, read_document, read_inputs
from pipeline.overlay import read_choices
from pipeline.page import Excerpt, decode
from pipeline.parse import parse
from pipeline.publish import LIFECYCLE, OVERLAY
from pipeline.report import Place, stop
from pipeline.tree import YamlMapping, place_at, same
from pipeline.walk import Operation, shown
from pipeline.walk import Path as Steps

from tests.support.places import ROOT

FORMATS = {"/v1/videos": "openai", "/v1/video": "unified"}
_MARK = re.compile(r"^\s*(?:- )?(?:example|value):", re.MULTILINE)
_ACTED = re.compile(r"overlay: (?P<reason>.*) \[(?:updated|removed) (?P<path>\S+)\]")
_STATUS = re.compile(r"\bstatus (\d{3})\b")


@dataclass(frozen=True)
class Case:
    """One documented example, and what it is an example of.

    Attributes:
        place: where it is written.
        claims: every line that it is made of.
        operation: what it belongs to.
        kind: `request`, `parameter`, `answer` or `refusal`.
        name: of the parameter; of the example, if it has one.
        value: the example; of a request made of its fields' examples, those together.
        media: the media type of a request.
        status: of an answer or a refusal.
        location: of a parameter.
        files: the fields of a request that are files.
    """

    place: Place
    claims: frozenset[Place]
    operation: Operation
    kind: str
    name: str
    value: Any
    media: str = ""
    status: int = 0
    location: str = ""
    files: frozenset[str] = frozenset()

    def __str__(self) -> str:
        page = Path(self.place.file).name
        what = " ".join(filter(None, (self.kind, str(self.status or ""), self.name)))
        return f"{page}:{self.place.line} {self.operation} {what}"

    @property
    def format(self) -> str:
        """The wire format it belongs to."""
        whole = re.match(r"/v1/videos?(?=/|$)", self.operation.url)
        if whole is None or whole[0] not in FORMATS:
            told = f"the client has no wire format for {self.operation}"
            raise stop(self.place, told, "write one in facade/chainhub_video/wire")
        return FORMATS[whole[0]]


def _collected(document: Document) -> Iterator[Case]:
    """Make cases of all examples of a document."""
    for operation in document.operations:
        for holder in (operation.path[:-1], operation.path):
            for number, parameter in enumerate(document.at((*holder, "parameters")) or []):
                at: Steps = (*holder, "parameters", number, "example")
                if "example" in parameter:
                    yield _case(
                        document,
                        operation,
                        [at],
                        kind="parameter",
                        name=parameter["name"],
                        value=parameter["example"],
                        location=parameter["in"],
                    )
        body: Steps = (*operation.path, "requestBody", "content")
        for media in document.at(body) or {}:
            yield from _examples(document, operation, (*body, media), kind="request", media=media)
        answers: Steps = (*operation.path, "responses")
        for status in document.at(answers) or {}:
            kind = "answer" if str(status).startswith("2") else "refusal"
            for media in document.at((*answers, status, "content")) or {}:
                holder = (*answers, status, "content", media)
                yield from _examples(document, operation, holder, str(status), kind=kind)


def _examples(
    document: Document, operation: Operation, holder: Steps, status: str = "", **more: Any
) -> Iterator[Case]:
    """Make cases of the examples of a media type, and one of the examples of its fields together."""
    schema = document.at((*holder, "schema")) or {}
    properties = schema.get("properties") or {}
    if more["kind"] == "request":
        binary = {name for name, node in properties.items() if node.get("format") == "binary"}
        more["files"] = frozenset(binary)
    whole = dict(_whole(document, holder))
    for name, path in whole.items():
        told = _status(document, path, status)
        if not status or f"{told}"[0] == status[0]:
            value = document.at(path)
            yield _case(document, operation, [path], name=name, value=value, status=told, **more)
    fields = {name: (*holder, "schema", "properties", name, "example") for name in properties}
    fields = {name: path for name, path in fields.items() if document.at(path) is not None}
    lacks = set(schema.get("required") or ()) - fields.keys() if more["kind"] == "request" else ()
    if fields and more["kind"] != "refusal" and (whole or not lacks):
        value = dict(document.at(next(iter(whole.values()))) if whole else {})
        value |= {name: document.at(path) for name, path in fields.items()}
        paths, told = [*fields.values()], int(status or 0)
        yield _case(
            document, operation, paths, name="of its fields", value=value, status=told, **more
        )


def _case(document: Document, operation: Operation, paths: Sequence[Steps], **more: Any) -> Case:
    claims = [place_at(document.tree, document.resolve(path)) for path in paths]
    return Case(claims[0], frozenset(claims), operation, **more)


def _status(document: Document, path: Steps, status: str) -> int:
    """The status of an answer; that of a range is told in the example's summary."""
    if status.isdigit() or not status:
        return int(status or 0)
    found = _STATUS.search(str((document.at(path[:-1]) or {}).get("summary", "")))
    return int(found[1]) if found else int(f"{status[0]}00")


def _whole(document: Document, holder: Steps) -> Iterator[tuple[str, Steps]]:
    node = document.at(holder) or {}
    if "example" in node:
        yield "", (*holder, "example")
    for name, example in (node.get("examples") or {}).items():
        if "value" in (example or {}):
            yield name, (*holder, "examples", name, "value")


@dataclass(frozen=True)
class Settled:
    """A documented value of a request that contradicts what the page says elsewhere.

    Attributes:
        case: the request.
        name: of the field.
        said: by the example.
        corrected: as the overlay has it; None if it takes the example away.
        reason: why, in the overlay's words.
    """

    case: Case
    name: str
    said: Any
    corrected: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.case} {self.name}"


def settled_in(case: Case) -> list[Settled]:
    """List what the overlay has settled about the values of a page's request."""
    assembled = _assembled()
    document = Document(assembled.document, case.place.file)
    body: Steps = (*case.operation.path, "requestBody", "content", case.media)
    found = []
    for name, said in case.value.items():
        whole: Steps = (*body, "example", name)
        own: Steps = (*body, "schema", "properties", name, "example")
        at = own if case.name == "of its fields" else whole
        now = document.at(at)
        if not same(said, now):
            found.append(Settled(case, name, said, now, _reason(at)))
    return found


def _reason(at: Steps) -> str:
    """Why the overlay acts on a place: the reason of the action that aims closest."""
    acted = [_ACTED.search(str(change)) for change in _assembled().changes]
    near = [found for found in acted if found and shown(at).startswith(found["path"])]
    return max(near, key=lambda found: len(found["path"]))["reason"] if near else ""


def cases_in(document: YamlMapping, file: str) -> list[Case]:
    """Make cases of the examples of a document.

    Args:
        document: as the pipeline reads it.
        file: the file whose examples are meant, by the name in their places.

    Raises:
        PipelineError: there is no example in it.
    """
    seen: set[tuple[Place, str]] = set()
    cases = []
    for case in _collected(Document(document, file)):
        if case.place.file == file and (case.place, str(case)) not in seen:
            seen.add((case.place, str(case)))
            cases.append(case)
    if not cases:
        told = "there is no example in it, so nothing shows what goes over the wire"
        step = (
            "fetch the page again; if the vendor has no example, write one in openapi/overlay.yaml"
        )
        raise stop(Place(file), told, step)
    return cases


def page_cases(inputs: Inputs, name: str) -> list[Case]:
    """Make cases of a vendor's page.

    Args:
        inputs: of the pipeline.
        name: of the page.
    """
    overlay = parse(Excerpt(OVERLAY, decode(inputs.others[OVERLAY], OVERLAY)[0]))[0]
    document, _ = read_document(inputs.pages[name], name, read_choices(overlay))
    return cases_in(document, name)


def lines_of(text: str) -> set[int]:
    """The lines of a page that look like an example, found without reading it as YAML."""
    return {text.count("\n", 0, found.end()) + 1 for found in _MARK.finditer(text)}


@cache
def inputs() -> Inputs:
    """What the pipeline reads, from the repository."""
    return read_inputs(ROOT, [])


@cache
def _assembled() -> Assembled:
    """The document that the pages and the overlay give."""
    return assemble(inputs())


@cache
def all_cases() -> list[Case]:
    """Every documented example: of the pages, and of the operations that they lack."""
    cases = [case for name in inputs().pages for case in page_cases(inputs(), name)]
    return [*cases, *cases_in(_assembled().document, LIFECYCLE)]
