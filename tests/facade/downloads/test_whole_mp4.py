"""Real MP4s of every layout, cut anywhere: without an announced length the file itself has to show its end."""

from __future__ import annotations

import io
import random
import time
import tracemalloc
from array import array
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import pytest
from chainhub_video import VideoTask
from chainhub_video.downloads import mp4
from chainhub_video.downloads.tables import Box, boxes
from PIL import Image

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
    """A real film of several fragments, or chunks, with sound."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        options = {"movflags": LAYOUTS[layout]} if LAYOUTS[layout] else {}
        with av.open(str(path), "w", format="mp4", options=options) as container:
            pictures = container.add_stream("libx264", rate=24, options={"g": "6", "bf": "0"})
            pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
            pictures.time_base = Fraction(1, 24)
            sound = container.add_stream("aac", rate=44100)
            for number in range(24):
                image = Image.effect_noise((64, 48), 100).convert("RGB")
                make: Any = av.VideoFrame
                frame = make.from_image(image)
                frame.pts = number
                container.mux(pictures.encode(frame))
                tone: Any = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
                for plane in tone.planes:
                    noise = random.Random(number)
                    floats = [noise.uniform(-1, 1) for _ in range(plane.buffer_size // 4)]
                    plane.update(array("f", floats).tobytes())
                tone.rate, tone.pts = 44100, number * 1024
                container.mux(sound.encode(tone))
            container.mux(pictures.encode(None))
            container.mux(sound.encode(None))
        return path.read_bytes()


def top(content: bytes) -> list[Box]:
    """The boxes of a file."""
    return [*boxes(io.BytesIO(content), 0, len(content))]


def shows_its_end(content: bytes) -> bool | None:
    """Whether the file shows its end; None if it is refused."""
    try:
        return mp4.check(io.BytesIO(content), len(content))
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
def test_a_whole_film_passes(layout: str) -> None:
    """It is never refused; where it has an index, that shows its end, and where it has none, nothing is claimed."""
    assert shows_its_end(film(layout)) is (layout in SHOWN)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_cut_is_refused_or_marked(layout: str) -> None:
    """No prefix of a film is taken for one that shows its end."""
    content = film(layout)
    assert [cut for cut in cuts(content) if shows_its_end(content[:cut])] == []


@pytest.mark.parametrize("layout", ["fragments, mfra", "fragments, sidx in front"])
def test_a_cut_between_a_fragment_and_its_data_is_refused(layout: str) -> None:
    """The head of a fragment without its data is no end of a film, index or not."""
    content = film(layout)
    ends = [one.end for one in top(content) if one.kind == b"moof"]
    assert len(ends) > 2
    assert {shows_its_end(content[:end]) for end in ends} == {None}


@pytest.mark.parametrize("cut", [1, 2, 100, 1000, 3000])
def test_a_cut_in_data_that_goes_to_the_end_is_refused(cut: int) -> None:
    """An `mdat` of length 0 ends where the file ends; the samples that its index names tell where that should be."""
    content = bytearray(film("moov first"))
    data = next(one for one in top(bytes(content)) if one.kind == b"mdat")
    content[data.start : data.start + 4] = bytes(4)
    assert shows_its_end(bytes(content)) is True
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


@pytest.mark.parametrize(
    ("layout", "cut", "told"),
    [
        ("moov first", 0, "structure"),
        ("fragments, mfra", 0, "structure"),
        ("fragments, no index", 0, "unknown"),
        ("fragments, no index", -1, "unknown"),
    ],
)
def test_what_cannot_be_seen_is_said(
    hub: Any,
    linked: VideoTask,
    elsewhere: Gateway,
    target: Path,
    caplog: pytest.LogCaptureFixture,
    layout: str,
    cut: int,
    told: str,
) -> None:
    """Without a Content-Length the result says what shows the end, and the log warns where nothing does."""
    content = film(layout)
    if cut:
        content = content[: [one.start for one in top(content) if one.kind == b"moof"][cut]]
    elsewhere.on(LINK, say(200, content, MP4, framed=False))
    saved = hub.videos.download(linked, target)
    assert (saved.verified, target.read_bytes()) == (told, content)
    assert ("neither the server nor the file says" in caplog.text) == (told == "unknown")


def test_an_announced_length_is_said(
    hub: Any, linked: VideoTask, elsewhere: Gateway, target: Path
) -> None:
    """Where the server announces the length, that is what shows the end, of a file without an index as well."""
    elsewhere.on(LINK, say(200, film("fragments, no index"), MP4))
    assert hub.videos.download(linked, target).verified == "length"


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


def _indexed(stsz: bytes, stsc: bytes, offsets: bytes, dref: bytes | None = None) -> bytes:
    """A file with one track, whose tables are given."""
    url = _full("url ", b"")[:8] + _number(1)
    stbl = box("stbl", stsz + stsc + offsets)
    dinf = box("dinf", _full("dref", _number(1) + (url if dref is None else dref)))
    moov = box("moov", box("trak", box("mdia", box("minf", dinf + stbl))))
    return box("ftyp", b"isom") + moov + box("mdat", bytes(1000))


STSZ, STSC = _full("stsz", _number(10, 4)), _full("stsc", _number(1, 1, 2, 1))
HOSTILE: dict[str, tuple[Callable[[], bytes], bool | None]] = {
    "sound": (lambda: _indexed(STSZ, STSC, _full("stco", _number(2, 200, 300))), True),
    "64 bits": (
        lambda: _indexed(STSZ, STSC, _full("co64", _number(2, 0, 200, 0, 300))), True,
    ),
    "64 bits, beyond the end": (
        lambda: _indexed(STSZ, STSC, _full("co64", _number(2, 0, 200, 1, 300))), None,
    ),
    "beyond the end": (lambda: _indexed(STSZ, STSC, _full("stco", _number(2, 200, 1300))), None),
    "in another file": (
        lambda: _indexed(STSZ, STSC, _full("stco", _number(1, 99999)), _full("url ", b"x.mp4")), False,
    ),
    "more entries than bytes": (
        lambda: _indexed(STSZ, STSC, _full("stco", _number(0xFFFFFFFF, 200))), False,
    ),
    "fewer sizes than samples": (
        lambda: _indexed(_full("stsz", _number(0, 1, 10)), STSC, _full("stco", _number(2, 200, 300))), False,
    ),
    "runs that go back": (
        lambda: _indexed(
            STSZ, _full("stsc", _number(2, 5, 2, 1, 1, 2, 1)), _full("stco", _number(9, *range(200, 209)))
        ), False,
    ),
    "no tables": (lambda: _indexed(b"", b"", b""), False),
    "no chunks": (lambda: _indexed(STSZ, STSC, _full("stco", _number(0))), False),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_tables_are_believed_only_as_far_as_they_can_be_read(kind: str) -> None:
    """Tables that lead out of the file refuse it; those that make no sense show nothing, and break nothing."""
    make, wanted = HOSTILE[kind]
    assert shows_its_end(make()) is wanted


def test_a_hostile_file_takes_little_time_and_memory() -> None:
    """Tables of millions of entries and thousands of tracks are read within seconds, a block at a time."""
    many = 2_000_000
    long_table = _full("stsc", _number(many) + _number(1, 1, 1) * many)
    files = [
        _indexed(STSZ, long_table, _full("stco", _number(2, 200, 300))),
        _indexed(STSZ, STSC, _full("stco", _number(many) + _number(9) * many)),
        box("ftyp", b"isom") + box("moov", box("trak") * 90_000) + box("mdat", b"x"),
        box("ftyp", b"isom") + box("moov", box("mvex")) + box("mdat", b"x")
        + box("mfra", _full("tfra", _number(1, 0, many) + bytes(11) * many)),
    ]  # fmt: skip
    for content in files:
        stream = io.BytesIO(content)
        tracemalloc.start()
        began = time.monotonic()
        assert shows_its_end_of(stream, len(content)) in (False, True, None)
        took = time.monotonic() - began
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert took < 20
        assert peak < 30_000_000


def shows_its_end_of(stream: io.BytesIO, size: int) -> bool | None:
    """The same as `shows_its_end` for a stream, which holds the file once."""
    try:
        return mp4.check(stream, size)
    except ValueError:
        return None


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_anywhere_breaks_nothing(layout: str) -> None:
    """Flipped bytes in the indexes end in a verdict, never in another exception."""
    content = film(layout)
    rng = random.Random(11)
    heads = [at for one in top(content) if one.kind != b"mdat" for at in range(one.start, one.end)]
    for _ in range(400):
        damaged = bytearray(content)
        for at in rng.sample(heads, 3):
            damaged[at] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
        shows_its_end(bytes(damaged))
