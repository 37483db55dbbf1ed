"""Read cassettes of vcrpy, whoever recorded them, and write our own, with a head that says where each is from."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pipeline.report import PipelineError, Place, Problem, one_line, refuse, shorten, stop
from vcr.filters import decode_response
from vcr.serialize import CASSETTE_FORMAT_VERSION
from vcr.serializers import yamlserializer

from .interactions import Answer, Interaction, Request

_SUFFIXES = (".yaml", ".yml", ".json")
_AGAIN = "record it again with vcrpy, or move it out of the folder"
_KEPT = ("at", "client", "server")  # what alone is no reason to write a cassette anew


@dataclass(frozen=True, slots=True)
class Cassette:
    """A recorded scenario.

    Attributes:
        head: where and when it was recorded, and with what; empty in a plain cassette of vcrpy.
        interactions: what was said, in order.
        name: the file, as messages show it.
    """

    head: Mapping[str, Any]
    interactions: Sequence[Interaction]
    name: str = ""

    def text(self) -> str:
        """Return the cassette as it is written: the same text for the same content."""
        document = {
            "recorded": dict(self.head),
            "interactions": [_written(each) for each in self.interactions],
            "version": CASSETTE_FORMAT_VERSION,
        }
        return yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30
        )

    def dated_like(self, other: Cassette) -> Cassette:
        """Return the same cassette, with the other's date and versions if nothing else is different."""
        kept = {name: other.head[name] for name in _KEPT if name in other.head}
        dated = Cassette({**self.head, **kept}, self.interactions)
        same = dated.head == other.head and dated.interactions == other.interactions
        return dated if same else self


def read_all(folder: Path) -> list[Cassette]:
    """Read all cassettes of a folder and the folders in it.

    Args:
        folder: the folder, or a single cassette.

    Raises:
        PipelineError: there are none, or files cannot be read as such; each is named.
    """
    if not folder.exists():
        told = "there is no such folder"
        raise stop(Place(str(folder)), told, "record one with scripts/record, or name one")
    found = [p for p in folder.rglob("*") if p.suffix in _SUFFIXES and p.is_file()]
    paths = [folder] if folder.is_file() else sorted(found)
    if not paths:
        told = f"no cassette (*{', *'.join(_SUFFIXES)}) in it"
        raise stop(
            Place(str(folder)), told, "record one with scripts/record, or name another folder"
        )
    cassettes: list[Cassette] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            cassettes.append(read(path))
        except PipelineError as error:
            problems += error.problems
    refuse(problems)
    return cassettes


def read(path: Path) -> Cassette:
    """Read a cassette's file.

    Raises:
        PipelineError: it is none, or holds an interaction that cannot be understood.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        told = f"cannot be read: {error.strerror}"
        raise stop(Place(str(path)), told, "check the path and its permissions") from error
    except UnicodeDecodeError as error:
        raise stop(Place(str(path)), f"cannot be read: {error}", _AGAIN) from error


def parse(text: str, name: str) -> Cassette:
    """Read a cassette's text, YAML or JSON.

    Args:
        text: as vcrpy or `Cassette.text` writes it.
        name: of the file, whose end tells the format.

    Raises:
        PipelineError: it is none, or holds an interaction that cannot be understood.
    """
    place = Place(name)
    try:
        data = (json.loads if name.endswith(".json") else yamlserializer.deserialize)(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise stop(place, f"cannot be read: {one_line(str(error))}", _AGAIN) from error
    if isinstance(data, list):
        raise stop(place, "a cassette of vcrpy before 1.0", "record it again")
    if not isinstance(data, dict) or not isinstance(data.get("interactions"), list):
        raise stop(place, "no cassette: it has no list of `interactions`", _AGAIN)
    interactions = []
    for number, entry in enumerate(data["interactions"], 1):
        try:
            interactions.append(interaction(entry["request"], entry["response"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            told = f"interaction {number} cannot be read: {one_line(repr(error))}"
            raise stop(place, told, _AGAIN) from error
    head = data.get("recorded")
    return Cassette(head if isinstance(head, dict) else {}, interactions, name)


def write(path: Path, cassette: Cassette) -> str:
    """Put a cassette on the disk, unless one that says the same is there.

    Returns:
        `new`, `changed`, or `unchanged`.

    Raises:
        OSError: the folder cannot be written.
    """
    fate = "new"
    if path.exists():
        fate = "changed"
        with contextlib.suppress(PipelineError):  # then there is nothing to keep
            cassette = cassette.dated_like(read(path))
        if path.read_bytes() == cassette.text().encode():
            return "unchanged"
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(cassette.text().encode())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return fate


def interaction(request: Mapping[str, Any], response: Mapping[str, Any]) -> Interaction:
    """Return an interaction from the two mappings that vcrpy keeps of it."""
    return Interaction(request_of(request), _answer(response))


def request_of(entry: Mapping[str, Any]) -> Request:
    """Return a request from the mapping that vcrpy keeps of it."""
    if not urlsplit(entry["uri"]).netloc:
        raise ValueError(f"the address {shorten(entry['uri'])} has no host")
    body = entry.get("body")
    # vcrpy keeps what an iterator gave as a list, and a file as a file.
    if isinstance(body, io.IOBase):
        body = body.read()
    elif body is not None and not isinstance(body, (str, bytes, Mapping)):
        body = b"".join(map(_bytes, body))
    headers = {name: ", ".join(values) for name, values in _headers(entry.get("headers")).items()}
    return Request(entry["method"].upper(), entry["uri"], headers, _bytes(body))


def _answer(entry: Mapping[str, Any]) -> Answer:
    # vcrpy before 6 recorded httpx in a form of its own.
    status = entry.get("status") or {"code": entry["status_code"]}
    body = _bytes(entry["body"] if "body" in entry else entry.get("content"))
    whole = decode_response({"headers": _headers(entry.get("headers")), "body": {"string": body}})
    reason = status.get("message") or ""
    return Answer(int(status["code"]), reason, whole["headers"], whole["body"]["string"])


def _headers(entry: Mapping[str, Any] | None) -> dict[str, list[str]]:
    lists = {
        name: list(given) if isinstance(given, (list, tuple)) else [given]
        for name, given in (entry or {}).items()
    }
    return {
        str(name): [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in values]
        for name, values in lists.items()
    }


def _bytes(body: Any) -> bytes:
    if isinstance(body, Mapping):
        body = body.get("string")
    if body is None:
        return b""
    return body.encode("utf-8", "surrogateescape") if isinstance(body, str) else bytes(body)


def _written(each: Interaction) -> dict[str, Any]:
    request, answer = each.request, each.answer
    return {
        "request": {
            "method": request.method,
            "uri": request.url,
            "body": _text_or_bytes(request.body),
            "headers": {name: [value] for name, value in request.headers.items()},
        },
        "response": {
            "status": {"code": answer.status, "message": answer.reason},
            "headers": {name: list(values) for name, values in answer.headers.items()},
            "body": {"string": _text_or_bytes(answer.body)},
        },
    }


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


# Nothing but plain values; the C library's writes the same, ten times as fast.
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Writes bodies of several lines as they are read, and never a reference in place of a value."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library names it so
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
