"""What is thrown: strategies for hostile answers, bodies, headers, files and addresses."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

from chainhub_video.wire import answers
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from PIL import Image

Answer = dict[str, Any]

PLACES = (
    "type",
    "data",
    "data.status",
    "detail",
    "detail.status",
    *dict.fromkeys(
        place.replace("[]", "") for places in answers.PLACES.values() for place in places
    ),
)
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

scalars: SearchStrategy[object] = st.one_of(
    st.none(),
    st.sampled_from(WORDS),
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


def _placed(values_at: dict[str, object]) -> Answer:
    """Build the answer that has a value at each dotted place; what stands in the way gives way."""
    answer: Answer = {}
    for place, value in values_at.items():
        *path, name = place.split(".")
        inner = answer
        for step in path:
            if not isinstance(inner.get(step), dict):
                inner[step] = {}
            inner = inner[step]
        inner[name] = value
    return answer


# Most answers are sound but for what was put into them: others are refused before the rest is read.
_sound: SearchStrategy[Answer] = st.builds(
    lambda name, status: {"id": name, "status": status},
    st.sampled_from(("video_1", "grok:1", "\ud800")),
    st.sampled_from(WORDS),
)
_odd: SearchStrategy[Answer] = st.dictionaries(st.sampled_from(PLACES), values, max_size=12).map(
    _placed
) | st.dictionaries(st.text(max_size=8), values)
answer_objects: SearchStrategy[Answer] = st.one_of(
    _odd,
    st.builds(lambda odd, sound: {**odd, **sound}, _odd, _sound),
    st.builds(lambda sound, odd: {**sound, **odd}, _sound, _odd),
)

_EXTREMES = (
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


def _cut(body: bytes, at: int) -> bytes:
    return body[: at % (len(body) + 1)]


def _flipped(body: bytes, at: int) -> bytes:
    if not body:
        return body
    place = at % len(body)
    return body[:place] + bytes([body[place] ^ (1 << at % 8)]) + body[place + 1 :]


_documents: SearchStrategy[bytes] = answer_objects.map(lambda answer: json.dumps(answer).encode())
_places_in_body = st.integers(0, 1 << 16)
bodies: SearchStrategy[bytes] = st.one_of(
    _documents,
    st.binary(max_size=200),
    st.sampled_from(_EXTREMES),
    values.map(lambda value: json.dumps(value).encode()),
    st.builds(_cut, _documents, _places_in_body),
    st.builds(_flipped, _documents, _places_in_body),
)

_header_text = (
    st.text(st.characters(max_codepoint=255), max_size=40)
    | st.sampled_from(WORDS)
    | st.sampled_from(
        (
            *("Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 9999 07:28:00 -9999", "1e999", "-3"),
            *("Wed, 99 Foo 0000 99:99:99 GMT", "9" * 5000, "x" * 60_000, " 12 "),
        )
    )
)
headers: SearchStrategy[dict[str, str]] = st.dictionaries(
    st.sampled_from(
        ("retry-after", "openai-poll-after-ms", "x-oneapi-request-id", "content-type", "x")
    ),
    _header_text,
    max_size=4,
)
addresses: SearchStrategy[str] = st.one_of(
    st.text(max_size=40),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                (
                    *("http", "https", "://", ":", "/", "//", "\\", "@", "?", "#", "[", "]", "%"),
                    *("localhost", "127.0.0.1", "::1", "example.com", "8000", "99999", "..", "."),
                    *("\t", "\n", " ", "\x00", "é", "。", "user", "xn--", "0x7f.1", "HTTP"),
                )
            ),
            max_size=10,
        ),
    ),
    st.builds(
        "{}://{}{}".format,
        st.sampled_from(("http", "https", "HTTPS", "ftp")),
        st.sampled_from(("localhost", "127.0.0.1", "[::1]", "example.com", "evil@localhost", "")),
        st.text(max_size=12),
    ),
)
_hostile_hosts = st.sampled_from(
    (
        *(
            "http://xn--/",
            "http://[::1",
            "//",
            "http://a:99999/",
            "data:,x",
            "file:///x",
            "?",
            "\ud800",
        ),
        *("https://x.example/" + "a" * 70_000, "http://\u2603.example/", "HTTP:x", "http:///", " "),
    )
)
raw_headers: SearchStrategy[list[tuple[bytes, bytes]]] = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *(b"Location", b"Set-Cookie", b"Content-Encoding", b"Content-Type", b"Retry-After"),
                *(b"Content-Length", b"X-Oneapi-Request-Id", b"openai-poll-after-ms", b"Server"),
            )
        ),
        st.one_of(
            st.binary(max_size=30),
            st.sampled_from((b"gzip", b"deflate", b"br", b"gzip, gzip", b"text/html; charset=x")),
            (_hostile_hosts | addresses | _header_text).map(
                lambda text: text.encode("utf-8", "surrogatepass")
            ),
        ),
    ),
    max_size=5,
)
statuses = st.integers(100, 599) | st.sampled_from((200, 204, 302, 400, 401, 403, 429, 503, 999))


def _box(kind: bytes, length: int, payload: bytes) -> bytes:
    if length >= 1 << 32:
        return struct.pack(">I4sQ", 1, kind, length & 0xFFFFFFFFFFFFFFFF) + payload
    return struct.pack(">I4s", length, kind) + payload


_NEEDED = (b"ftyp", b"mdat", b"moov")
_kinds = st.sampled_from(
    (b"ftyp", b"moov", b"mdat", b"free", b"\x00\x00\x00\x00", b"\xff\xfe\xfd ")
)
_whole_boxes = st.builds(
    lambda kind, payload: _box(kind, 8 + len(payload), payload), _kinds, st.binary(max_size=20)
)
_odd_boxes = st.builds(
    _box,
    _kinds,
    st.sampled_from((0, 1, 2, 7, 8, 9, 1 << 31, 1 << 32, (1 << 64) - 1)),
    st.binary(max_size=20),
)
_boxes = st.lists(_whole_boxes | _odd_boxes, max_size=6).map(b"".join)
videos: SearchStrategy[bytes] = st.one_of(
    st.binary(max_size=64),
    _boxes,
    _boxes.map(lambda boxes: _box(b"ftyp", 16, b"isom0000") + boxes),
    _boxes.map(lambda boxes: b"".join(_box(kind, 8, b"") for kind in _NEEDED) + boxes),
    st.just(_box(b"ftyp", 8, b"") + _box(b"free", 8, b"") * 200_000),
)

_heads = st.sampled_from(
    (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF....WEBP", b"....ftypavif", b"BM", b"")
)


def _encoded(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "orange").save(file, kind)
    return file.getvalue()


def _damaged(whole: bytes, place: int, damage: bytes, trailer: bytes) -> bytes:
    place %= len(whole)
    return whole[:place] + damage + whole[place + len(damage) :] + trailer


_whole_pictures = st.sampled_from(
    [_encoded(kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")]
)
pictures: SearchStrategy[bytes] = st.one_of(
    st.builds(bytes.__add__, _heads, st.binary(max_size=100)),
    _whole_pictures,
    st.builds(
        _damaged,
        _whole_pictures,
        st.integers(0, 1 << 16),
        st.binary(max_size=4),
        st.binary(max_size=8),
    ),
    st.builds(lambda whole, end: whole[:end], _whole_pictures, st.integers(0, 1000)),
)
