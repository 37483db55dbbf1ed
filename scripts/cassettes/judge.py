"""Hold cassettes against the document: what was sent, and what came back."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import SimpleNamespace
from typing import Any

from openapi_core.datatypes import RequestParameters
from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.response.exceptions import HeaderValidationError
from pipeline.report import Place, cut, one_line, stop
from pipeline.walk import Operation, Path
from werkzeug.datastructures import Headers, ImmutableMultiDict

from .bodies import hold
from .cassette import Cassette
from .document import Document, title
from .explain import Broken, core_error
from .findings import Deviation, Findings, gather
from .interactions import Answer, Request
from .observe import REQUEST, Spoken, fields_of, observe
from .operations import Sorted, sort
from .values import dotted, short


def hold_against(document: Document, cassettes: Sequence[Cassette]) -> Findings:
    """Hold cassettes against a document.

    Args:
        document: The document.
        cassettes: The recordings.

    Returns:
        All that came of it.

    Raises:
        PipelineError: The document is so odd that openapi-core stumbles over it.
    """
    judge = _Judge(document)
    outside: Counter[str] = Counter()
    recorded = {title(operation): Counter[int]() for operation in document.operations}
    for each in sort(cassettes, document):
        if each.outside:
            outside[each.interaction.request.origin] += 1
        elif each.operation is None:
            judge.stranger(each)
        else:
            judge.take(each, each.operation)
            recorded[title(each.operation)][each.interaction.answer.status] += 1
    return Findings(
        document=document.name,
        cassettes=len(cassettes),
        recorded={name: dict(statuses) for name, statuses in recorded.items()},
        outside=dict(outside),
        deviations=gather(judge.deviations),
        gaps=[f"no cassette is about {name}" for name, found in recorded.items() if not found],
        notes=list(dict.fromkeys([*judge.notes, *observe(document, judge.spoken)])),
    )


@dataclass
class _Judge:
    """Holds interactions against a document, and keeps what comes of it.

    Attributes:
        document: The document.
        deviations: The broken promises.
        spoken: The bodies that were understood.
        notes: What is no broken promise, and somebody should know.
    """

    document: Document
    deviations: list[Deviation] = field(default_factory=list[Deviation])
    spoken: list[Spoken] = field(default_factory=list[Spoken])
    notes: list[str] = field(default_factory=list[str])

    def stranger(self, each: Sorted) -> None:
        """Tell of an interaction that the document does not know, with the operation that looks most like it."""
        request = each.interaction.request
        known = {
            op.url: op for op in self.document.operations if op.method == request.method.lower()
        }
        close = get_close_matches(request.path, known, n=1, cutoff=0.7)
        demand = f"knows {title(known[close[0]])} beside it" if close else "does not list it"
        broken = Broken("the operation", "is not documented", ("paths",), demand)
        side = f"{REQUEST}, answered {each.interaction.answer.status}"
        self._tell(each.where, f"{request.method} {request.path}", side, [broken])

    def take(self, each: Sorted, operation: Operation) -> None:
        """Hold one more interaction against its operation.

        Args:
            each: The interaction.
            operation: What it is about.

        Raises:
            PipelineError: The document is so odd that openapi-core stumbles over it.
        """
        request, answer = each.interaction.request, each.interaction.answer
        query, header = ImmutableMultiDict(request.query), Headers(request.headers)
        core = SimpleNamespace(
            host_url="http://gateway",
            method=operation.method,
            path=each.path,
            parameters=RequestParameters(query=query, header=header),
        )
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                sent = list(self._request(each.where, operation, request, core))
                came = list(self._answer(each.where, operation, answer, core))
        except Exception as error:
            told = f"openapi-core cannot judge it: {cut(one_line(repr(error)), 200)}"
            step = f"look at {title(operation)} in {self.document.name}"
            raise stop(Place(each.where), told, step) from error
        self._tell(each.where, title(operation), REQUEST, sent)
        self._tell(each.where, title(operation), f"answer {answer.status}", came)
        noted = {one_line(str(warning.message)) for warning in warned}
        if operation.node.get("deprecated"):
            noted.add("the operation is deprecated")
        self.notes += [f"{title(operation)}: {text}" for text in sorted(noted)]

    def _request(
        self, where: str, operation: Operation, request: Request, core: Any
    ) -> Iterator[Broken]:
        yield from self._parameters(operation, core)
        yield from self._credentials(operation, core)
        at = self.document.resolve((*operation.path, "requestBody"))
        documented = self.document.at(at)
        if documented is None:
            if request.body:
                yield Broken("body", f"is {len(request.body)} bytes", operation.path, "takes none")
        elif request.body:
            yield from self._body(where, REQUEST, (*at, "content"), request)
        elif documented.get("required"):
            yield Broken("body", "is empty", (*at, "required"), "demands one")

    def _parameters(self, operation: Operation, core: Any) -> Iterator[Broken]:
        documented: dict[tuple[str, str], Path] = {}
        for holder in (operation.path[:-1], operation.path):  # the operation's own hold
            for number, _ in enumerate(self.document.at((*holder, "parameters")) or []):
                at = self.document.resolve((*holder, "parameters", number))
                node = self.document.at(at)
                documented[str(node.get("in")), str(node.get("name"))] = at
        for error in self.document.parameters.iter_errors(core):
            if not isinstance(error, ParameterValidationError):
                raise error
            name = f"{error.location} parameter {error.name}"
            yield from core_error(
                self.document, error, documented[error.location, error.name], name
            )
        for name in dict.fromkeys(core.parameters.query):
            if ("query", name) not in documented:
                at = (*operation.path, "parameters")
                yield Broken(f"query parameter {name}", "is sent", at, "does not know it")

    def _credentials(self, operation: Operation, core: Any) -> Iterator[Broken]:
        """Check how the key was sent; a recording without any tells nothing, for none should hold it."""
        if "Authorization" not in core.parameters.header:
            return
        at: Path = ("security",)
        if "security" in operation.node:
            at = (*operation.path, "security")
        for _ in self.document.security.iter_errors(core):
            schemes = dict.fromkeys(name for one in self.document.at(at) or [] for name in one)
            demand = f"asks for {' or '.join(map(self._scheme, schemes))}"
            yield Broken("the key", "is sent in the header Authorization", at, demand)

    def _scheme(self, name: str) -> str:
        """Say how a security scheme wants the key."""
        scheme = self.document.at(("components", "securitySchemes", name)) or {}
        if scheme.get("type") == "apiKey":
            return f"{name} (in the {scheme.get('in')} {scheme.get('name')})"
        return (
            f"{name} ({' '.join(str(scheme[key]) for key in ('type', 'scheme') if key in scheme)})"
        )

    def _answer(
        self, where: str, operation: Operation, answer: Answer, core: Any
    ) -> Iterator[Broken]:
        answers = (*operation.path, "responses")
        documented, status = self.document.at(answers), str(answer.status)
        key = next((k for k in (status, f"{status[0]}XX", "default") if k in documented), None)
        if key is None:
            demand = f"lists {', '.join(documented)}"
            yield Broken(f"status {status}", "is not documented", answers, demand)
            return
        at = self.document.resolve((*answers, key))
        came = SimpleNamespace(status_code=answer.status, headers=Headers(dict(answer.headers)))
        for error in self.document.headers.iter_errors(core, came):
            if not isinstance(error, HeaderValidationError):
                raise error
            header = (*at, "headers", error.name)
            yield from core_error(self.document, error, header, f"header {error.name}")
        content = (*at, "content")
        promised = self.document.at(content)
        if promised and answer.body:
            yield from self._body(where, f"answer {status}", content, answer)
        # A proxy in front may say an error without a word, and no document can describe that.
        elif promised and answer.status >= 400:
            self.notes.append(f"{title(operation)}: an answer {status} without a body")
        elif promised:
            yield Broken("body", "is empty", content, f"promises {' or '.join(promised)}")

    def _body(
        self, where: str, side: str, content: Path, message: Request | Answer
    ) -> Iterator[Broken]:
        held = hold(self.document, content, message)
        if held.note:
            self.notes.append(f"{where}, {side}: {held.note}")
        if held.schema is None:
            yield from held.broken
            return
        self.spoken.append(Spoken(where, side, held.schema, held.value))
        unknown = list(self._unknown(held.schema, held.value)) if side == REQUEST else []
        names = ", ".join(one.field for one in unknown)
        for one in held.broken:
            renamed = (f"perhaps it was renamed from {names}",) if names and one.item else ()
            yield one._replace(details=one.details + renamed)
        yield from unknown

    def _unknown(self, schema: Path, value: Any) -> Iterator[Broken]:
        """Find fields that the client sends and the document does not know."""
        for met in fields_of(self.document, schema, value):
            if met.schema is None and not met.welcome:
                seen = short(met.value, str(met.steps[-1]))
                at = (*met.holder, "properties")
                yield Broken(dotted(met.steps), f"is sent ({seen})", at, "does not know it")

    def _tell(self, where: str, operation: str, side: str, broken: Iterable[Broken]) -> None:
        correct, again = "correct the document", "record again"
        if self.document.ours:
            correct, again = f"{correct} as openapi/README.md tells", "run scripts/record"
        step = f"if the service answers so now, {correct}; if it does not, {again}"
        if side.startswith(REQUEST):
            step = f"if the document is right, send it so and {again}; if not, {correct}"
        for one in broken:
            promise = self.document.promise(one.promise, one.item)
            self.deviations.append(Deviation(where, operation, side, one, promise, step))
