"""The documented examples as cases: read from the pages by the pipeline's own steps, never copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from pipeline.walk import Operation, parameter_lists, shown
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


@dataclass
class _Collector:
    """Makes cases of one document."""

    document: Document
    cases: list[Case] = field(default_factory=list[Case])

    def collect(self) -> list[Case]:
        for operation in self.document.operations:
            self._parameters(operation)
            body: Steps = (*operation.path, "requestBody", "content")
            for media in self.document.at(body) or {}:
                self._request(operation, (*body, media), media)
            for status in self.document.at((*operation.path, "responses")) or {}:
                answer: Steps = (*operation.path, "responses", status, "content")
                for media in self.document.at(answer) or {}:
                    self._answer(operation, (*answer, media), str(status))
        return self.cases

    def place(self, path: Steps) -> Place:
        return place_at(self.document.tree, self.document.resolve(path))

    def add(self, operation: Operation, kind: str, *paths: Steps, **more: Any) -> None:
        claims = [self.place(path) for path in paths]
        case = Case(claims[0], frozenset(claims), operation, kind, **more)
        self.cases.append(case)

    def _parameters(self, operation: Operation) -> None:
        for path, parameters in parameter_lists(self.document.tree):
            if path[:-1] not in (operation.path, operation.path[:-1]):
                continue
            for number, parameter in enumerate(parameters):
                at: Steps = (*path, number, "example")
                if "example" in parameter:
                    named = {"name": parameter["name"], "location": parameter["in"]}
                    self.add(operation, "parameter", at, value=parameter["example"], **named)

    def _request(self, operation: Operation, holder: Steps, media: str) -> None:
        schema = self.document.at((*holder, "schema")) or {}
        fields = dict(self._fields((*holder, "schema")))
        files = frozenset(
            name
            for name, node in (schema.get("properties") or {}).items()
            if node.get("format") == "binary"
        )
        whole = list(self._whole(holder))
        for path, name in whole:
            value = self.document.at(path)
            self.add(operation, "request", path, name=name, value=value, media=media, files=files)
        told = {name: self.document.at(path) for name, path in fields.items()}
        if fields and (whole or set(schema.get("required") or ()) <= told.keys()):
            value = {**(self.document.at(whole[0][0]) if whole else {}), **told}
            more = {"name": "of its fields", "value": value, "media": media, "files": files}
            self.add(operation, "request", *fields.values(), **more)

    def _answer(self, operation: Operation, holder: Steps, status: str) -> None:
        good = status.startswith("2")
        for path, name in self._whole(holder):
            told = self._status(path, status)
            if good or f"{told}"[0] == status[0]:
                kind, value = "answer" if good else "refusal", self.document.at(path)
                self.add(operation, kind, path, name=name, value=value, status=told)
        fields = dict(self._fields((*holder, "schema")))
        if good and fields:
            whole = [self.document.at(path) for path, _ in self._whole(holder)]
            given = {name: self.document.at(path) for name, path in fields.items()}
            value = {**(whole[0] if whole else {}), **given}
            more: dict[str, Any] = {"name": "of its fields", "value": value, "status": int(status)}
            self.add(operation, "answer", *fields.values(), **more)

    def _status(self, path: Steps, status: str) -> int:
        """The status of an answer; that of a range is told in the example's summary."""
        if status.isdigit():
            return int(status)
        found = _STATUS.search(str((self.document.at(path[:-1]) or {}).get("summary", "")))
        return int(found[1]) if found else int(f"{status[0]}00")

    def _whole(self, holder: Steps) -> Iterator[tuple[Steps, str]]:
        node = self.document.at(holder) or {}
        if "example" in node:
            yield (*holder, "example"), ""
        for name, example in (node.get("examples") or {}).items():
            if "value" in (example or {}):
                yield (*holder, "examples", name, "value"), name

    def _fields(self, schema: Steps) -> Iterator[tuple[str, Steps]]:
        for name in (self.document.at(schema) or {}).get("properties") or {}:
            at: Steps = (*schema, "properties", name, "example")
            if self.document.at(at) is not None:
                yield name, at


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
    for case in _Collector(Document(document, file)).collect():
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
