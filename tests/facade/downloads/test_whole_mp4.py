"""Real MP4s of every layout, cut anywhere: without an announced length the file itself has to show its end."""

from __future__ import annotations

import io
import random
import time
import tracemalloc
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from chainhub_video import VideoTask
from chainhub_video.downloads import mp4
from chainhub_video.downloads.tables import Box, boxes

from tests.facade.conftest import clip
from tests.facade.downloads.test_mp4 import box
from tests.support.answering import say
from tests.support.scripted import Gateway
from tests.support.videos import LINK, MP4, names

LAYOUTS = {
    "moov first": "faststart",
    "moov last": "",
    "fragments, mfra": "frag_keyframe+empty_moov",
    "fragments after samples, mfra": "frag_keyframe",
    "fragments, sidx in front": "frag_keyframe+empty_moov+dash+global_sidx+skip_trailer",
    "fragments, a sidx each": "frag_keyframe+empty_moov+dash+skip_trailer",
    "fragments, no index": "frag_keyframe+empty_moov+skip_trailer",
}
SHOWN = {name for name in LAYOUTS if name not in ("fragments, a sidx each", "fragments, no index")}


@cache
def film(layout: str) -> bytes:
    """A real film of several fragments, or chunks."""
    with TemporaryDirectory() as folder:
        return clip(Path(folder) / "film.mp4", movflags=LAYOUTS[layout])


def top(content: bytes) -> list[Box]:
    """The boxes of a file."""
    return [*boxes(io.BytesIO(content), 0, len(content))]


def shows_its_end(content: bytes) -> bool | None:
    """Whether the file shows its end; None if it is refused."""
    stream = io.BytesIO(content)  # which holds the content once
    try:
        return mp4.check(stream, len(content))
    except ValueError:
        return None


def cuts(content: bytes) -> list[int]:
    """Where a file is cut: around every end of a box, in the middle of each, and at random."""
    edges = {
        edge + off
        for one in top(content)
        for edge in (one.start, one.body, one.end)
        for off in (-1, 0, 1)
    }
    middles = {(one.start + one.end) // 2 for one in top(content)}
    anywhere = set(random.Random(7).sample(range(len(content)), 300))
    return sorted(cut for cut in edges | middles | anywhere if 0 <= cut < len(content))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_cut_is_refused_or_marked(layout: str) -> None:
    """A whole film is never refused, and shows its end where it has an index; no prefix of it is taken for one."""
    content = film(layout)
    assert shows_its_end(content) is (layout in SHOWN)
    assert [cut for cut in cuts(content) if shows_its_end(content[:cut])] == []


def test_a_cut_between_a_fragment_and_its_data_is_refused() -> None:
    """The head of a fragment without its data is no end of a film, index or not."""
    for layout in ("fragments, mfra", "fragments, sidx in front"):
        content = film(layout)
        ends = [one.end for one in top(content) if one.kind == b"moof"]
        assert len(ends) > 2
        assert {shows_its_end(content[:end]) for end in ends} == {None}


def test_a_cut_in_data_that_goes_to_the_end_is_refused() -> None:
    """An `mdat` of length 0 ends where the file ends; the samples that its index names tell where that should be."""
    content = bytearray(film("moov first"))
    data = next(one for one in top(bytes(content)) if one.kind == b"mdat")
    content[data.start : data.start + 4] = bytes(4)
    assert shows_its_end(bytes(content)) is True
    for cut in (1, 2, 100, 1000, 3000):
        with pytest.raises(ValueError, match="its index names"):
            mp4.check(io.BytesIO(content[:-cut]), len(content) - cut)


def test_an_index_of_fragments_that_are_not_there_is_refused() -> None:
    """A fragment that fell out of the middle is missed by the index at the end."""
    content = film("fragments, mfra")
    second, third = [one for one in top(content) if one.kind == b"moof"][1:3]
    with pytest.raises(ValueError, match="names a fragment at"):
        mp4.check(
            io.BytesIO(content[: second.start] + content[third.start :]),
            len(content) - third.start + second.start,
        )


def test_what_shows_the_end_is_said(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The result says what shows the end, an announced length before all; the log warns where nothing does."""
    bare = film("fragments, no index")
    last = [one.start for one in top(bare) if one.kind == b"moof"][-1]
    for number, (content, framed, told) in enumerate(
        (
            (film("moov first"), False, "structure"),
            (film("fragments, mfra"), False, "structure"),
            (bare, True, "length"),
            (bare, False, "unknown"),
            (bare[:last], False, "unknown"),
        )
    ):
        caplog.clear()
        elsewhere.on(LINK, say(200, content, MP4, framed=framed))
        saved = hub.videos.download(linked, tmp_path / f"{number}.mp4")
        assert (saved.verified, saved.path.read_bytes()) == (told, content), number
        assert ("neither the server nor the file says" in caplog.text) == (told == "unknown")


def test_a_cut_film_without_a_length_is_not_saved(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path
) -> None:
    """A connection that ends early, which is all that marks an end without a length, is followed by another attempt."""
    content = film("moov last")
    elsewhere.on(LINK, say(200, content[:-50], MP4, framed=False), say(200, content, MP4))
    hub.videos.download(linked, target)
    assert (target.read_bytes(), names(target.parent)) == (content, [target.name])


def _full(kind: str, content: bytes) -> bytes:
    return box(kind, bytes(4) + content)


def _number(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def _indexed(
    stsz: bytes, stsc: bytes, offsets: bytes, dref: bytes | None = None, tracks: int = 1
) -> bytes:
    """A file with tracks whose tables are given."""
    url = _full("url ", b"")[:8] + _number(1)
    stbl = box("stbl", stsz + stsc + offsets)
    dinf = box("dinf", _full("dref", _number(1) + (url if dref is None else dref)))
    moov = box("moov", box("trak", box("mdia", box("minf", dinf + stbl))) * tracks)
    return box("ftyp", b"isom") + moov + box("mdat", bytes(1000))


STSZ, STSC = _full("stsz", _number(10, 4)), _full("stsc", _number(1, 1, 2, 1))
CHUNKS = _full("stco", _number(2, 200, 300))
BEYOND = _full("stco", _number(2, 200, 1300))
TABLES: dict[str, tuple[bytes, bool | None]] = {
    "sound": (_indexed(STSZ, STSC, CHUNKS), True),
    "two tracks": (_indexed(STSZ, STSC, CHUNKS, tracks=2), True),
    "two tracks, beyond the end": (_indexed(STSZ, STSC, BEYOND, tracks=2), None),
    "64 bits": (_indexed(STSZ, STSC, _full("co64", _number(2, 0, 200, 0, 300))), True),
    "64 bits, beyond the end": (_indexed(STSZ, STSC, _full("co64", _number(2, 0, 200, 1, 300))), None),
    "beyond the end": (_indexed(STSZ, STSC, BEYOND), None),
    "in another file": (_indexed(STSZ, STSC, _full("stco", _number(1, 99999)), _full("url ", b"x.mp4")), False),
    "more entries than bytes": (_indexed(STSZ, STSC, _full("stco", _number(0xFFFFFFFF, 200))), False),
    "fewer sizes than samples": (_indexed(_full("stsz", _number(0, 1, 10)), STSC, CHUNKS), False),
    "runs that go back": (
        _indexed(STSZ, _full("stsc", _number(2, 5, 2, 1, 1, 2, 1)), _full("stco", _number(9, *range(200, 209)))), False,
    ),
    "no tables": (_indexed(b"", b"", b""), False),
    "no chunks": (_indexed(STSZ, STSC, _full("stco", _number(0))), False),
}  # fmt: skip


def test_tables_are_believed_only_as_far_as_they_can_be_read() -> None:
    """Tables that lead out of the file refuse it; those that make no sense show nothing, and break nothing."""
    for name, (content, wanted) in TABLES.items():
        assert shows_its_end(content) is wanted, name


def test_a_hostile_file_takes_little_time_and_memory() -> None:
    """Tables of a million entries and thousands of tracks are read within seconds, a block at a time."""
    many = 1_000_000
    long_table = _full("stsc", _number(many) + _number(1, 1, 1) * many)
    files = [
        _indexed(STSZ, long_table, CHUNKS),
        _indexed(STSZ, STSC, _full("stco", _number(many) + _number(9) * many)),
        box("ftyp", b"isom") + box("moov", box("trak") * 90_000) + box("mdat", b"x"),
        box("ftyp", b"isom") + box("moov", box("mvex")) + box("mdat", b"x")
        + box("mfra", _full("tfra", _number(1, 0, many) + bytes(11) * many)),
    ]  # fmt: skip
    for content in files:
        tracemalloc.start()
        began = time.monotonic()
        shows_its_end(content)
        took = time.monotonic() - began
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert took < 20
        assert peak < 10_000_000


def test_damage_anywhere_breaks_nothing() -> None:
    """Flipped bytes in the indexes end in a verdict, never in another exception."""
    rng = random.Random(11)
    for layout in LAYOUTS:
        content = film(layout)
        heads = [
            at for one in top(content) if one.kind != b"mdat" for at in range(one.start, one.end)
        ]
        for _ in range(150):
            damaged = bytearray(content)
            for at in rng.sample(heads, 3):
                damaged[at] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
            shows_its_end(bytes(damaged))
