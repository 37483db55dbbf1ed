"""The scan: whatever is planted in a cassette is found, wherever it is."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from cassettes import media, multipart
from cassettes.cassette import Cassette, read
from cassettes.interactions import Interaction
from cassettes.scan import scan

from tests.support.places import CASSETTES

from .secrets_to_plant import PLANTED

UNIFIED = CASSETTES / "unified-quota.yaml"
OPENAI = CASSETTES / "openai-quota.yaml"
PICTURE = media.PICTURE


def _tape(path: Path = UNIFIED, *, head: Any = (), request: Any = (), answer: Any = ()) -> str:
    """A clean cassette with changes in its head, and in the request and the answer of its first interaction."""
    tape = read(path)
    first, *rest = tape.interactions
    sent, came = replace(first.request, **dict(request)), replace(first.answer, **dict(answer))
    length = {"content-length": [str(len(came.body))]}
    changed = Interaction(sent, replace(came, headers={**came.headers, **length}))
    return Cassette({**tape.head, **dict(head)}, [changed, *rest]).text()


def _answer(document: object) -> str:
    return _tape(answer={"body": json.dumps(document, indent=2).encode()})


PLACES: dict[str, Callable[[str], str]] = {
    "head": lambda s: _tape(head={"server": s}),
    "address": lambda s: _tape(
        request={"url": f"https://sandbox.chainhub.invalid/v1/videos?x={s}"}
    ),
    "request header": lambda s: _tape(request={"headers": {"accept": s}}),
    "request body": lambda s: _tape(request={"body": json.dumps({"prompt": s}, indent=2).encode()}),
    "answer header": lambda s: _tape(answer={"headers": {"server": [s]}}),
    "reason": lambda s: _tape(answer={"reason": f"Not {s}"}),
    "value": lambda s: _answer({"message": s, "code": "x"}),
    "deep value": lambda s: _answer({"a": [{"b": [f"x {s} y"]}]}),
    "name": lambda s: _answer({s: 1}),
    "text": lambda s: _tape(answer={"body": f"<p>{s}</p>".encode()}),
}


def test_what_is_planted_is_found() -> None:
    """Each kind of secret is found at each place of a cassette, and the finding does not repeat it."""
    for kind, secret in PLANTED.items():
        for place, plant in PLACES.items():
            told = list(map(str, scan(plant(secret), "tape")))
            assert told, f"{kind} in {place}"
            assert all(line.startswith("tape") and secret[:12] not in line for line in told), told


def test_a_known_word_is_found() -> None:
    """A key that looks like nothing is found where it was said to be a key, and only there."""
    for place, plant in PLACES.items():
        text = plant("hunter2-hunter2")
        assert scan(text, "tape") == [], place
        assert scan(text, "tape", ["hunter2-hunter2"])[0].kind == "a known secret", place


def test_a_known_word_is_found_in_every_spelling() -> None:
    """Percent-encoded, reversed, in hex and in base64, whatever stands before it."""
    word = "hunter2-hunter2"
    told = [word.replace("-", "%2D"), word[::-1], word.encode().hex(), word.encode().hex().upper()]
    told += [base64.b64encode(b"x" * before + word.encode()).decode() for before in range(3)]
    for spelled in told:
        assert scan(_answer({"message": f"no {spelled} here"}), "tape", [word]), spelled


def test_a_form_that_is_not_written_as_we_write_it_is_found() -> None:
    """What stands between the parts of a form is no part, and would go unseen."""
    body = read(OPENAI).interactions[0].request.body
    for hidden in (body.replace(b"form-data; ", b"form-data; jane; ", 1), b"jane" + body):
        (found,) = scan(_tape(OPENAI, request={"body": hidden}), "tape")
        assert "not scrubbed" in found.kind or "boundary" in found.kind


def test_a_header_that_is_not_kept_is_found() -> None:
    """Headers that scrubbing does not keep must not be there, whatever they say, and an unscrubbed key neither."""
    for name in ("Cookie", "X-Forwarded-For", "Set-Cookie", "authorization"):
        assert scan(_tape(request={"headers": {name: "x"}}), "tape"), name
        assert scan(_tape(answer={"headers": {name: ["x"]}}), "tape"), name


def test_what_is_somebodys_is_found_by_its_name() -> None:
    """A value that looks harmless is found under a name that says whose it is, unless it was scrubbed."""
    for name in ("user_id", "access_token", "email", "trace_id", "organization", "api-key"):
        for value in ("jane", 42, {"name": "jane"}, "scrubbed"):
            found = scan(_answer({name: value}), "tape")
            assert bool(found) == (value != "scrubbed"), f"{name}: {value}"


def test_what_no_field_holds_is_found() -> None:
    """Comments, further fields and documents, which no walk over the fields sees, are found; so is no cassette."""
    for change in ("# by jane\n{}", "{}more: 1\n", "{}\n---\nextra\n"):
        assert scan(change.format(UNIFIED.read_text("utf-8")), "tape"), change
    for text in ("", "{", "- 1"):
        assert len(scan(text, "tape")) == 1, text


def _with_picture(content: bytes) -> str:
    parts = [
        replace(part, content=content) if part.filename else part
        for part in multipart.parts_of(read(OPENAI).interactions[0].request)
    ]
    return _tape(OPENAI, request={"body": multipart.joined(parts)})


def _data_uri(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def test_a_picture_that_is_not_the_one_we_send_is_found() -> None:
    """Only the one picture that everybody knows may be in a cassette, byte for byte, in a form or a data URI."""
    assert scan(_with_picture(PICTURE), "tape") == []
    assert scan(_answer({"message": _data_uri(PICTURE)}), "tape") == []
    for content in (
        PICTURE + b"jane",
        PICTURE[:-20] + b"jane" + PICTURE[-16:],
        b"",
        b"\xff\xd8\xff",
    ):
        for tape in (_with_picture(content), _answer({"message": _data_uri(content)})):
            assert any("not kitten.png" in each.kind for each in scan(tape, "tape"))


def test_a_video_that_is_not_the_stand_in_is_found() -> None:
    """Only the one video that everybody knows may be in a cassette, byte for byte."""
    for body in (media.VIDEO + b"\0\0\0\x08free", b"\x00\xff\x00", b"RIFF\xff\xfe"):
        assert scan(_tape(OPENAI, answer={"status": 200, "body": body}), "tape")
    assert scan(_tape(OPENAI, answer={"status": 200, "body": media.VIDEO}), "tape") == []


def test_the_stand_in_is_a_real_video() -> None:
    """The stand-in is a second of H.264 that a decoder plays, in less than a kB, and says nothing else."""
    with av.open(io.BytesIO(media.VIDEO), "r") as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(1)
        assert len(list(video.decode(video=0))) == 2
        assert set(video.metadata) <= {"major_brand", "minor_version", "compatible_brands"}
    assert len(media.VIDEO) < 1000
