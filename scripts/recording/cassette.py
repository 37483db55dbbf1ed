"""Cassettes on the disk: vcrpy's YAML with one more mapping in front, which says where it comes from."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .interactions import Answer, Interaction, Request

_VERSION = 1
_KEPT = ("at", "client", "server")  # what alone is no reason to write a cassette anew


class Unreadable(ValueError):
    """A file that is no cassette of ours; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class Cassette:
    """A recorded scenario.

    Attributes:
        head: where and when it was recorded, and with what.
        interactions: what was said, in order.
    """

    head: Mapping[str, Any]
    interactions: Sequence[Interaction]

    def text(self) -> str:
        """The cassette as it is written: the same text for the same content."""
        document = {
            "recorded": dict(self.head),
            "interactions": [_written(each) for each in self.interactions],
            "version": _VERSION,
        }
        return yaml.dump(
            document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 30
        )

    def dated_like(self, other: Cassette) -> Cassette:
        """The same cassette, with the other's date and versions if nothing else is different."""
        one, two = (
            {name: value for name, value in each.head.items() if name not in _KEPT}
            for each in (self, other)
        )
        if one != two or list(self.interactions) != list(other.interactions):
            return self
        kept = {name: other.head[name] for name in _KEPT if name in other.head}
        return Cassette({**self.head, **kept}, self.interactions)


def parse(text: str, name: str) -> Cassette:
    """Read a cassette.

    Args:
        text: as `Cassette.text` writes it.
        name: for messages.

    Raises:
        Unreadable: it is none.
    """
    try:
        document = yaml.load(text, Loader=_Loader)
        return Cassette(
            dict(document["recorded"]), [_read(each) for each in document["interactions"]]
        )
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise Unreadable(f"{name}: no cassette ({type(error).__name__}: {reason})") from error


def read(path: Path) -> Cassette:
    """Read a cassette's file.

    Raises:
        Unreadable: it is none.
    """
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from error


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
        with contextlib.suppress(Unreadable):  # then there is nothing to keep
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


def _read(document: Mapping[str, Any]) -> Interaction:
    request, response = document["request"], document["response"]
    return Interaction(
        Request(
            request["method"],
            request["uri"],
            {name: values[0] for name, values in request["headers"].items()},
            _bytes(request["body"]),
        ),
        Answer(
            response["status"]["code"],
            response["status"]["message"],
            dict(response["headers"]),
            _bytes(response["body"]["string"]),
        ),
    )


def _text_or_bytes(body: bytes) -> str | bytes:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body


def _bytes(body: str | bytes | None) -> bytes:
    if body is None:  # vcrpy writes it for other libraries
        return b""
    if not isinstance(body, (str, bytes)):
        raise TypeError(f"a body that is {type(body).__name__}")
    return body.encode() if isinstance(body, str) else body


# Nothing but plain values; both write and read the same, and the C library's are ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SafeDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """Writes bodies of several lines as they are read, and never a reference in place of a value."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the library names it so
        return True


def _text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
