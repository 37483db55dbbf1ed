"""Holds a request's parameters and credentials against its operation."""

from collections.abc import Iterator
from dataclasses import dataclass

from openapi_core.datatypes import RequestParameters
from openapi_core.validation.request.exceptions import (
    MissingRequiredParameter,
    ParameterValidationError,
)
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from pipeline.report import cut, one_line
from pipeline.walk import Operation, Path
from werkzeug.datastructures import ImmutableMultiDict

from .document import Document
from .explain import Broken, schema_errors
from .recordings import Request


@dataclass
class CoreRequest:
    """A request without its body, as openapi-core wants it."""

    method: str
    path: str
    parameters: RequestParameters
    host_url: str = "http://gateway"
    body: bytes | None = None
    content_type: str = ""


def as_core(operation: Operation, path: str, request: Request) -> CoreRequest:
    """Return a request in the form of openapi-core.

    Args:
        operation: What it is about.
        path: Its path as the document has it.
        request: As it was recorded.
    """
    query = ImmutableMultiDict(request.query)
    parameters = RequestParameters(query=query, header=request.headers)
    return CoreRequest(operation.method, path, parameters)


def check_parameters(
    document: Document, operation: Operation, core: CoreRequest
) -> Iterator[Broken]:
    """Hold the parameters against the operation.

    Args:
        document: The document.
        operation: What the request is about.
        core: The request.

    Yields:
        Each broken promise; also query parameters that are sent and not documented.
    """
    documented = dict(_documented(document, operation))
    for error in document.parameters.iter_errors(core):
        if not isinstance(error, ParameterValidationError):
            raise error
        at = documented[error.location, error.name]
        field, cause = f"{error.location} parameter {error.name}", error.__cause__
        if isinstance(error, MissingRequiredParameter):
            yield Broken(field, "is missing", (*at, "required"), "demands it")
        elif isinstance(cause, InvalidSchemaValue):
            yield from schema_errors(document, (*at, "schema"), cause.schema_errors, field)
        else:
            told = cut(one_line(str(cause or error)), 120)
            yield Broken(field, f"cannot be understood ({told})", at, "describes it")
    for name in dict.fromkeys(core.parameters.query):
        if ("query", name) not in documented:
            where = (*operation.path, "parameters")
            yield Broken(f"query parameter {name}", "is sent", where, "does not know it")


def check_credentials(
    document: Document, operation: Operation, core: CoreRequest
) -> Iterator[Broken]:
    """Hold the credentials against the operation.

    A recording without any tells nothing, since they are what every recording must not hold.

    Args:
        document: The document.
        operation: What the request is about.
        core: The request.

    Yields:
        One broken promise, if the key was sent in another way than the document says.
    """
    if "Authorization" not in core.parameters.header:
        return
    own = "security" in operation.node
    at: Path = (*operation.path, "security") if own else ("security",)
    for _ in document.security.iter_errors(core):
        schemes = dict.fromkeys(name for needed in document.at(at) or [] for name in needed)
        demand = f"asks for {' or '.join(_scheme(document, name) for name in schemes)}"
        yield Broken("the key", "is sent in the header Authorization", at, demand)


def _scheme(document: Document, name: str) -> str:
    """Say how a security scheme wants the key."""
    scheme = document.at(("components", "securitySchemes", name)) or {}
    if scheme.get("type") == "apiKey":
        return f"{name} (in the {scheme.get('in')} {scheme.get('name')})"
    return f"{name} ({' '.join(str(scheme[key]) for key in ('type', 'scheme') if key in scheme)})"


def _documented(document: Document, operation: Operation) -> Iterator[tuple[tuple[str, str], Path]]:
    """List where parameters are by place and name; the operation's own go before its path's."""
    for holder in (operation.path[:-1], operation.path):
        for number, _ in enumerate(document.at((*holder, "parameters")) or []):
            at = document.resolve((*holder, "parameters", number))
            node = document.at(at)
            yield (str(node.get("in")), str(node.get("name"))), at
