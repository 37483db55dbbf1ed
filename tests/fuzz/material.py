"""Strategies for what no sane gateway sends and no sane caller passes: answers, headers, addresses, MP4s, pictures."""

from __future__ import annotations

import base64
import io
import json
import os
import struct
from pathlib import Path
from typing import Any

from chainhub_video.wire.answers import PLACES
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.drawing import encoded, stripes

WORDS = (
    *("queued", "processing", "video_generation_completed", "completed", "SUCCESS", " failed "),
    *("x_failed", "", "\ud800", "0", "100%", "-5%", "1e400", "NaN", "inf", "1_0", "٣%"),
    *("2026-11-21T10:00:00Z", "2026-11-21", "0001-01-01T00:00:00+23:59", "9999-12-31T24:00"),
    *("https://example.com/a.mp4", "http://[::1", "file:///etc/passwd", "HTTPS://x\ny", "//x"),
    *("(request id: abc)", "a\r\nb\x00c\x1b[31m", "model_not_found", "task_not_exist"),
)
NUMBERS = (
    *(0, -1, 1, 7, 100, 101, 2**31, 2**63, 2**64, 10**400, -(10**400), 10**4000),
    *(0.0, -0.0, 0.93, 1e11, 1e-320, 1.7e308, float("inf"), float("-inf"), float("nan")),
    *(1763719200, 1763719200000, 1763719200.5, True, False),
)
words = st.sampled_from(WORDS)
scalars = st.one_of(
    st.none(),
    words,
    st.sampled_from(NUMBERS),
    st.text(st.characters(codec=None, exclude_categories=()), max_size=20),
    st.integers(),
    st.floats(),
)
values: SearchStrategy[object] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def _placed(values_at: dict[str, object]) -> dict[str, Any]:
    """Build the answer that has a value at each dotted place; what stands in the way gives way."""
    answer: dict[str, Any] = {}
    for place, value in values_at.items():
        *path, name = place.split(".")
        inner = answer
        for step in path:
            if not isinstance(inner.get(step), dict):
                inner[step] = {}
            inner = inner[step]
        inner[name] = value
    return answer


_places = {place.replace("[]", "") for places in PLACES.values() for place in places}
_odd = st.dictionaries(
    st.sampled_from(sorted(_places | {"type", "data", "data.status", "detail", "detail.status"})),
    values,
    max_size=12,
).map(_placed) | st.dictionaries(st.text(max_size=8), values)
# Most answers are sound but for what was put into them: others are refused before the rest is read.
_sound = st.fixed_dictionaries(
    {"id": st.sampled_from(("video_1", "grok:1", "\ud800")), "status": words}
)
answers = st.one_of(
    _odd, st.builds(dict.__or__, _odd, _sound), st.builds(dict.__or__, _sound, _odd)
)

_EXTREME_BODIES = (
    b"",
    b"null",
    b"[" * 100_000,
    b'{"id":' * 20_000,
    b"[" * 400 + b"]" * 400,
    b'{"detail":' * 900 + b"1" + b"}" * 900,
    b'{"id":"video_1","status":"queued","progress":' + b"9" * 100_000 + b"}",
    b'{"id":"video_1","status":"queued","progress":1e400,"created_at":-1e400}',
    b'{"id":"video_1","status":"\\ud800","created_at":NaN,"progress":Infinity}',
    b'{"id":"video_1","status":"queued","status":["completed"]}',
    b'{"id":"video_1","status":"failed","error":"' + b"x" * 500_000 + b'"}',
    b'{"error":{"message":"' + b"(request id: " * 50_000 + b'"}}',
    b'{"error":{"code":"' + b"a\\n" * 100_000 + b'","message":7}}',
    b"\xff\xfe" + '{"id":"video_1"}'.encode("utf-16-le"),
    b"\xef\xbb\xbf{}",
    b"<html><script>" * 5000,
    b"<!doctype html>" + b"<" * 100_000,
    b'{"a":[' + b"{}," * 200_000 + b"{}]}",
)


def _damaged(whole: bytes, at: int, damage: bytes, end: int) -> bytes:
    at %= len(whole) + 1
    return (whole[:at] + damage + whole[at + len(damage) :])[: end or None]


def _damage_to(whole: SearchStrategy[bytes]) -> SearchStrategy[bytes]:
    """Bytes changed in one place, cut off anywhere, or both."""
    return st.builds(
        _damaged, whole, st.integers(0, 1 << 16), st.binary(max_size=4), st.integers(0, 1000)
    )


_documents = (answers | values).map(lambda value: json.dumps(value).encode())
bodies = st.one_of(
    _documents,
    st.binary(max_size=200),
    st.sampled_from(_EXTREME_BODIES),
    _damage_to(_documents),
)
statuses = st.integers(100, 599) | st.sampled_from((200, 204, 302, 400, 401, 403, 429, 503, 999))

_ADDRESS_PARTS = (
    *("http", "https", "://", ":", "/", "//", "\\", "@", "?", "#", "[", "]", "%"),
    *("localhost", "127.0.0.1", "::1", "example.com", "8000", "99999", "..", "."),
    *("\t", "\n", " ", "\x00", "é", "。", "user", "xn--", "0x7f.1", "HTTP"),
)
addresses = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(_ADDRESS_PARTS), max_size=10).map("".join),
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(("http", "https", "HTTPS", "ftp")),
        st.sampled_from(("localhost", "127.0.0.1", "[::1]", "example.com", "evil@localhost", "")),
        st.text(max_size=12),
    ),
)
_EXTREME_HEADERS = (
    *("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 9999 07:28:00 -9999", "1e999", "-3", " 12 "),
    *("Wed, 99 Foo 0000 99:99:99 GMT", "9" * 5000, "x" * 60_000, "text/html; charset=x"),
    *("gzip", "deflate", "br", "gzip, gzip", "http://xn--/", "http://[::1", "//", "file:///x"),
    *("http://a:99999/", "data:,x", "https://x.example/" + "a" * 70_000, "http://\u2603.example/"),
)
headers = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("location", "set-cookie", "content-encoding", "content-type", "content-length"),
                *("retry-after", "openai-poll-after-ms", "x-oneapi-request-id", "server"),
            )
        ),
        st.one_of(
            st.text(st.characters(max_codepoint=255), max_size=40),
            words,
            st.sampled_from(_EXTREME_HEADERS),
            addresses,
        ),
    ),
    max_size=5,
)


def _box(kind: bytes, payload: bytes, length: int | None = None) -> bytes:
    """Return a box of an MP4 that says of itself that it has a length; its own if none is given."""
    length = 8 + len(payload) if length is None else length
    if length >= 1 << 32:
        return struct.pack(">I4sQ", 1, kind, length & 0xFFFFFFFFFFFFFFFF) + payload
    return struct.pack(">I4s", length, kind) + payload


_boxes = st.lists(
    st.builds(
        _box,
        st.sampled_from(
            (b"ftyp", b"moov", b"mdat", b"free", b"\x00\x00\x00\x00", b"\xff\xfe\xfd ")
        ),
        st.binary(max_size=20),
        st.sampled_from((None, None, 0, 1, 2, 7, 8, 9, 1 << 31, 1 << 32, (1 << 64) - 1)),
    ),
    max_size=6,
).map(b"".join)
_NEEDED = b"".join(_box(kind, b"") for kind in (b"ftyp", b"mdat", b"moov"))
videos = st.one_of(
    st.binary(max_size=64),
    _boxes,
    _boxes.map(lambda boxes: _box(b"ftyp", b"isom0000") + boxes),
    _boxes.map(lambda boxes: _NEEDED + boxes),
    st.just(_box(b"ftyp", b"") + _box(b"free", b"") * 200_000),
)

_pictures = st.sampled_from(
    [
        encoded(stripes((3, 2)), kind)
        for kind in ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")
    ]
)
_HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF....WEBP", b"....ftypavif", b"BM")
pictures = st.one_of(
    _pictures,
    _damage_to(_pictures),
    st.builds(bytes.__add__, st.sampled_from((*_HEADS, b"")), st.binary(max_size=100)),
)


class OddFile:
    """Something with `read`, and other methods of a file that do as they are told.

    Args:
        returned: what each call of `read` returns or raises, in turn; afterwards it is at its end.
        seeks: what `seekable`, `seek` and `tell` return or raise; None for no such methods.
        name: the attribute of that name.
    """

    def __init__(self, returned: list[Any], seeks: Any, name: Any) -> None:
        self._returned = returned
        self.name = name
        if seeks is not None:
            self.seekable = self.seek = self.tell = lambda *_: _given(seeks)

    def read(self, size: int = -1) -> Any:
        """Return or raise the next of what it was told to."""
        value = self._returned.pop(0) if self._returned else b""
        return _given(value[:size] if isinstance(value, bytes) and size >= 0 else value)


class OddPath:
    """Something whose `__fspath__` returns what it was made of."""

    def __init__(self, path: Any) -> None:
        self._path = path

    def __fspath__(self) -> Any:
        return self._path


def _given(value: Any) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


_closed = io.BytesIO()
_closed.close()
_errors = st.sampled_from((OSError("broken"), ValueError("closed"), io.UnsupportedOperation("no")))
_paths = st.sampled_from(
    (
        *("", ".", "/", "/dev/zero", "/dev/null", "/proc/self/mem", "/proc/self/environ", "a\0b"),
        *("x" * 5000, "\udcff", "no/such/file", __file__, "file:///etc/hostname", "http:/x"),
    )
)
picture_sources: SearchStrategy[Any] = st.one_of(
    *(pictures.map(kind) for kind in (bytes, bytearray, memoryview, io.BytesIO)),
    st.builds(
        "data:image/png;base64,{}{}".format,
        pictures.map(lambda content: base64.b64encode(content).decode()),
        st.sampled_from(("", "=", "é", "\n ", "%20", "\x00")),
    ),
    st.text(max_size=20).map("data:{}".format),
    _paths,
    _paths.map(Path),
    st.builds(OddPath, _paths | _paths.map(os.fsencode) | scalars),
    st.text(st.characters(exclude_characters="/."), max_size=20),
    st.just(_closed),
    st.text(max_size=20).map(io.StringIO),
    st.builds(
        OddFile,
        st.lists(st.one_of(pictures, st.none(), st.text(max_size=5), _errors), max_size=3),
        st.one_of(st.none(), st.booleans(), st.integers(-2, 5), st.just("x"), _errors),
        st.one_of(st.none(), st.text(max_size=8), st.integers(), st.just("../../etc/passwd")),
    ),
    values,
)
