"""A video that passes is judged as the file would be, although nearly nothing of it is kept."""

from __future__ import annotations

import io
import random

import pytest
from chainhub_video.downloads import mp4, outline
from chainhub_video.downloads.outline import Outline

from tests.facade.downloads.test_mp4 import BROKEN, FTYP, MDAT, MOOV, WHOLE, box
from tests.facade.downloads.test_whole_mp4 import LAYOUTS, film


def _verdict(data: bytes, *sizes: int) -> str | bool:
    """What the outline says of bytes that came in blocks of these sizes, over and over."""
    passing, position, number = Outline(), 0, 0
    while position < len(data):
        size = sizes[number % len(sizes)]
        passing.feed(bytearray(data[position : position + size]))
        position, number = position + size, number + 1
    assert passing.size == len(data)
    try:
        return passing.check()
    except ValueError as error:
        return str(error)


def _of_the_file(data: bytes) -> str | bool:
    """What the check of a file says."""
    try:
        return mp4.check(io.BytesIO(data), len(data))
    except ValueError as error:
        return str(error)


def test_every_kind_of_box_is_judged_as_in_a_file() -> None:
    """Whole and broken files, at once, and short ones in odd blocks and byte by byte: the same verdict and words."""
    for data in [*WHOLE.values(), *(content for content, _ in BROKEN.values())]:
        told = _of_the_file(data)
        for sizes in [(len(data) + 1,), *([(7, 1, 30), (1,)] if len(data) < 2000 else [])]:
            assert _verdict(data, *sizes) == told


@pytest.mark.parametrize("layout", LAYOUTS)
def test_real_films_cut_anywhere_are_judged_as_in_a_file(layout: str) -> None:
    """Each layout of a real film, whole and cut at many places, in blocks of any size."""
    whole, chance = film(layout), random.Random(layout)
    verdicts = set()
    for _ in range(60):
        data = whole[: chance.choice([len(whole), chance.randrange(len(whole))])]
        told = _of_the_file(data)
        assert _verdict(data, *(chance.randrange(1, 4000) for _ in range(5))) == told
        verdicts.add(told)
    assert len(verdicts) > 5


def test_indexes_that_are_too_long_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept is bounded: beyond it the outline says nothing of the end, and still tells where boxes end."""
    monkeypatch.setattr(outline, "MOST_INDEX", 1000)
    film_of_two = FTYP + box("moov", bytes(600)) + box("sidx", bytes(600)) + MDAT
    passing = Outline()
    passing.feed(film_of_two)
    assert passing.check() is False
    assert sum(map(len, passing._pieces)) < 800
    passing = Outline()
    passing.feed(FTYP + MOOV + box("mdat", bytes(10_000)))
    passing.feed(box("mdat", bytes(10_000))[:-1])
    with pytest.raises(ValueError, match=r"its last part lacks 1 of 10,008 bytes"):
        passing.check()
    assert sum(map(len, passing._pieces)) < 100
