"""Reads cassettes of vcrpy: its YAML and its JSON, whoever recorded them."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import yaml
from pipeline.report import PipelineError, Place, Problem, one_line, shorten, stop
from vcr.filters import decode_response
from vcr.serializers import yamlserializer
from werkzeug.datastructures import Headers

_SUFFIXES = (".yaml", ".yml", ".json")
_RECORD = "record it again with vcrpy, or move it out of the folder"


@dataclass(frozen=True)
class Request:
    """A request as it was recorded.

    Args:
        method: In capitals.
        url: Its address in parts.
        headers: As they were sent.
        body: Empty if there is none.
    """

    method: str
    url: SplitResult
    headers: Headers
    body: bytes

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.url.scheme}://{self.url.netloc}"

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's parameters in their order."""
        return parse_qsl(self.url.query, keep_blank_values=True)


@dataclass(frozen=True)
class Answer:
    """An answer as it was recorded.

    Args:
        status: Of HTTP.
        headers: As they came.
        body: Uncompressed; empty if there is none.
    """

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Interaction:
    """One request and its answer.

    Args:
        cassette: The file it is from, as it is shown.
        number: Its position in the file, from 1.
        request: What was sent.
        answer: What came.
    """

    cassette: str
    number: int
    request: Request
    answer: Answer

    def __str__(self) -> str:
        return f"{self.cassette}#{self.number}"


@dataclass(frozen=True)
class Cassette:
    """One recorded scenario.

    Args:
        name: The file, as it is shown.
        interactions: In the order of the recording.
        recorded: What its head says about the recording; empty if it has none.
    """

    name: str
    interactions: list[Interaction]
    recorded: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def base_url(self) -> SplitResult | None:
        """The address the client was given, if the head says it."""
        base_url = self.recorded.get("base_url")
        return urlsplit(base_url) if isinstance(base_url, str) and base_url else None


def read_cassettes(folder: Path) -> list[Cassette]:
    """Read all cassettes of a folder and the folders in it.

    Args:
        folder: The folder, or a single cassette.

    Returns:
        The cassettes by name.

    Raises:
        PipelineError: There are none, or files cannot be read as such; each is named.
    """
    cassettes: list[Cassette] = []
    problems: list[Problem] = []
    for path in _files(folder):
        try:
            cassettes.append(read_cassette(path))
        except PipelineError as error:
            problems += error.problems
    if problems:
        raise PipelineError(*problems)
    return cassettes


def read_cassette(path: Path) -> Cassette:
    """Read one cassette.

    Args:
        path: The file.

    Returns:
        What it holds.

    Raises:
        PipelineError: It is none, or holds an interaction that cannot be understood.
    """
    place = Place(str(path))
    data = _load(path, place)
    if isinstance(data, list):
        raise stop(place, "a cassette of vcrpy before 1.0", "record it again")
    if not isinstance(data, dict) or not isinstance(data.get("interactions"), list):
        raise stop(place, "no cassette: it has no list of `interactions`", _RECORD)
    head = data.get("recorded")
    interactions = []
    for number, entry in enumerate(data["interactions"], 1):
        try:
            request, answer = _request(entry["request"]), _answer(entry["response"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            told = f"interaction {number} cannot be read: {one_line(repr(error))}"
            raise stop(place, told, _RECORD) from error
        interactions.append(Interaction(str(path), number, request, answer))
    return Cassette(str(path), interactions, head if isinstance(head, dict) else {})


def _files(folder: Path) -> Iterator[Path]:
    place = Place(str(folder))
    if folder.is_file():
        yield folder
        return
    if not folder.is_dir():
        raise stop(place, "there is no such folder", "record one with scripts/record, or name one")
    found = sorted(p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file())
    if not found:
        told = f"no cassette (*{', *'.join(_SUFFIXES)}) in it"
        raise stop(place, told, "record one with scripts/record, or name another folder")
    yield from found


def _load(path: Path, place: Place) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if path.suffix == ".json" else yamlserializer.deserialize(text)
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise stop(place, reason, "check the path and its permissions") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise stop(place, f"cannot be read: {one_line(str(error))}", _RECORD) from error


def _request(entry: Mapping[str, Any]) -> Request:
    url = urlsplit(entry["uri"])
    if not url.netloc:
        raise ValueError(f"the address {shorten(entry['uri'])} has no host")
    body = entry.get("body")
    # vcrpy keeps what an iterator gave as a list, and a file as a file.
    if isinstance(body, io.IOBase):
        body = body.read()
    elif body is not None and not isinstance(body, (str, bytes, Mapping)):
        body = b"".join(map(_bytes, body))
    return Request(entry["method"].upper(), url, _headers(entry.get("headers")), _bytes(body))


def _answer(entry: Mapping[str, Any]) -> Answer:
    # vcrpy before 6 recorded httpx in a form of its own.
    status = entry["status"]["code"] if "status" in entry else entry["status_code"]
    body = entry["body"] if "body" in entry else entry.get("content")
    whole = {"headers": dict(entry.get("headers") or {}), "body": {"string": _bytes(body)}}
    lists = {name: list(_values(value)) for name, value in whole["headers"].items()}
    decoded = decode_response({**whole, "headers": lists})
    return Answer(int(status), _headers(decoded["headers"]), decoded["body"]["string"])


def _headers(entry: Mapping[str, Any] | None) -> Headers:
    pairs = ((name, value) for name, given in (entry or {}).items() for value in _values(given))
    return Headers(list(pairs))


def _values(given: Any) -> Iterable[str]:
    values = given if isinstance(given, (list, tuple)) else (given,)
    return (v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in values)


def _bytes(body: Any) -> bytes:
    if isinstance(body, Mapping):
        body = body.get("string")
    if body is None:
        return b""
    return body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)
