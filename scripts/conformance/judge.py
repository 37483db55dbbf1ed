"""Holds interactions against the document: what was sent, and what came back."""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from openapi_core.validation.response.exceptions import (
    HeaderValidationError,
    MissingRequiredHeader,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from pipeline.report import Place, cut, one_line, stop
from pipeline.walk import Operation, Path

from .content import hold
from .document import Document, title
from .explain import Broken, schema_errors
from .fields import fields_of
from .findings import Deviation
from .gateway import Sorted
from .parameters import CoreRequest, as_core, check_credentials, check_parameters
from .recordings import Answer, Request
from .values import dotted, short

REQUEST = "request"


@dataclass(frozen=True)
class Spoken:
    """A body that was understood.

    Args:
        where: The interaction.
        side: `request`, or `answer` with its status.
        schema: Where its schema is in the document.
        value: What it says.
    """

    where: str
    side: str
    schema: Path
    value: Any


@dataclass
class _CoreAnswer:
    """An answer without its body, as openapi-core wants it."""

    status_code: int
    headers: Any
    content_type: str = ""
    data: bytes | None = None


@dataclass
class Judge:
    """Holds interactions against a document, and keeps what comes of it.

    Args:
        document: The document.
        deviations: The broken promises.
        spoken: The bodies that were understood.
        notes: What is no broken promise, and somebody should know.
    """

    document: Document
    deviations: list[Deviation] = field(default_factory=list[Deviation])
    spoken: list[Spoken] = field(default_factory=list[Spoken])
    notes: list[str] = field(default_factory=list[str])

    def take(self, sorted_: Sorted) -> None:
        """Hold one more interaction against the document.

        Args:
            sorted_: The interaction; it went to the gateway.

        Raises:
            PipelineError: The document is so odd that openapi-core stumbles over it.
        """
        interaction, operation = sorted_.interaction, sorted_.operation
        where = str(interaction)
        if operation is None:
            self.deviations.append(self._stranger(sorted_))
            return
        core = as_core(operation, sorted_.path, interaction.request)
        answered = f"answer {interaction.answer.status}"
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                sent = list(self._request(where, operation, interaction.request, core))
                came = list(self._answer(where, operation, interaction.answer, core))
        except Exception as error:
            told = f"openapi-core cannot judge it: {cut(one_line(repr(error)), 200)}"
            step = f"look at {title(operation)} in {self.document.name}"
            raise stop(Place(where), told, step) from error
        self._tell(where, title(operation), REQUEST, sent)
        self._tell(where, title(operation), answered, came)
        warnings_ = {one_line(str(warning.message)) for warning in warned}
        if operation.node.get("deprecated"):
            warnings_.add("the operation is deprecated")
        self.notes += [f"{title(operation)}: {text}" for text in sorted(warnings_)]

    def _request(
        self, where: str, operation: Operation, request: Request, core: CoreRequest
    ) -> Iterator[Broken]:
        yield from check_parameters(self.document, operation, core)
        yield from check_credentials(self.document, operation, core)
        at = self.document.resolve((*operation.path, "requestBody"))
        documented = self.document.at(at)
        if documented is None:
            if request.body:
                yield Broken("body", f"is {len(request.body)} bytes", operation.path, "takes none")
        elif request.body:
            kind = request.headers.get("Content-Type", "")
            yield from self._body(where, REQUEST, (*at, "content"), kind, request.body)
        elif documented.get("required"):
            yield Broken("body", "is empty", (*at, "required"), "demands one")

    def _answer(
        self, where: str, operation: Operation, answer: Answer, core: CoreRequest
    ) -> Iterator[Broken]:
        answers = (*operation.path, "responses")
        documented, status = self.document.at(answers), str(answer.status)
        key = next((k for k in (status, f"{status[0]}XX", "default") if k in documented), None)
        if key is None:
            demand = f"lists {', '.join(documented)}"
            yield Broken(f"status {status}", "is not documented", answers, demand)
            return
        at = self.document.resolve((*answers, key))
        yield from self._headers(at, answer, core)
        content = (*at, "content")
        if answer.body and self.document.at(content):
            kind = answer.headers.get("Content-Type", "")
            yield from self._body(where, f"answer {status}", content, kind, answer.body)
        elif self.document.at(content):
            # A proxy in front may say an error without a word, and no document can describe that.
            if answer.status >= 400:
                self.notes.append(f"{title(operation)}: an answer {status} without a body")
            else:
                demand = f"promises {' or '.join(self.document.at(content))}"
                yield Broken("body", "is empty", content, demand)

    def _headers(self, at: Path, answer: Answer, core: CoreRequest) -> Iterator[Broken]:
        for error in self.document.headers.iter_errors(
            core, _CoreAnswer(answer.status, answer.headers)
        ):
            if not isinstance(error, HeaderValidationError):
                raise error
            header, name = (*at, "headers", error.name), f"header {error.name}"
            if isinstance(error, MissingRequiredHeader):
                yield Broken(name, "is missing", (*header, "required"), "demands it")
            elif isinstance(error.__cause__, InvalidSchemaValue):
                found = error.__cause__.schema_errors
                yield from schema_errors(self.document, (*header, "schema"), found, name)
            else:
                told = cut(one_line(str(error.__cause__ or error)), 120)
                yield Broken(name, f"cannot be understood ({told})", header, "describes it")

    def _body(
        self, where: str, side: str, content: Path, content_type: str, body: bytes
    ) -> Iterator[Broken]:
        held = hold(self.document, content, content_type, body, sent=side == REQUEST)
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
            yield replace(one, details=one.details + renamed)
        yield from unknown

    def _unknown(self, schema: Path, value: Any) -> Iterator[Broken]:
        """Find fields that the client sends and the document does not know."""
        for met in fields_of(self.document, schema, value):
            if met.schema is None and not met.welcome:
                seen = short(met.value, str(met.steps[-1]))
                at = (*met.holder, "properties")
                yield Broken(dotted(met.steps), f"is sent ({seen})", at, "does not know it")

    def _stranger(self, sorted_: Sorted) -> Deviation:
        request, status = sorted_.interaction.request, sorted_.interaction.answer.status
        promise = self.document.promise(("paths",))
        return Deviation(
            where=str(sorted_.interaction),
            operation=f"{request.method} {request.url.path}",
            side=f"request, answered {status}",
            field="the operation",
            what="is not documented",
            promise=promise,
            demand=f"knows {title(sorted_.close)} beside it"
            if sorted_.close
            else "does not list it",
            next_step=self._next(REQUEST),
        )

    def _tell(self, where: str, operation: str, side: str, broken: Iterable[Broken]) -> None:
        found = list(broken)
        for one in found:
            promise = self.document.promise(one.promise, one.item)
            self.deviations.append(
                Deviation(
                    where=where,
                    operation=operation,
                    side=side,
                    field=one.field,
                    what=one.what,
                    promise=promise,
                    demand=one.demand,
                    next_step=self._next(side),
                    details=one.details,
                )
            )

    def _next(self, side: str) -> str:
        correct = "correct the document"
        again = "record again"
        if self.document.ours:
            correct, again = f"{correct} as openapi/README.md tells", "run scripts/record"
        if side == REQUEST:
            return f"if the document is right, send it so and {again}; if not, {correct}"
        return f"if the service answers so now, {correct}; if it does not, {again}"
