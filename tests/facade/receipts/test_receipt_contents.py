"""Whatever a request, a task or a picture holds, its receipt keeps, for those who may read it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import ChainHubError

from tests.support.answering import tell
from tests.support.colours import Colour
from tests.support.receipted import path_of, read, script, sent
from tests.support.scripted import Gateway
from tests.support.wires import OPENAI, UNIFIED, Wire, png


def test_the_umask_decides_who_may_read_receipt_and_video(
    hub: Any, gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """Both have the permissions of any file that the user makes."""
    script(gateway, OPENAI, video)
    for mask, mode in ((0o022, 0o644), (0o077, 0o600)):
        target = tmp_path / f"{mode}.mp4"
        before = os.umask(mask)
        try:
            OPENAI.generate(hub, save_to=target)
        finally:
            os.umask(before)
        for path in (target, path_of(target)):
            assert path.stat().st_mode & 0o777 == mode


def test_whatever_can_be_sent_can_be_kept_and_compared(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """Fields that JSON writes otherwise than Python does are the same request when they are read again."""
    script(gateway, wire, video)
    extras: list[dict[str, Any]] = [
        {"seeds": (1, 2)},
        {"weights": {10: 1, 9: 2}},
        {"weights": {1: 2, "b": 3}},
        {"style": "水彩 — naïve"},
        {"a": [{"b": (None, 1.5, True)}]},
    ]
    for number, extra in enumerate(extras, 1):
        for _ in range(2):
            wire.generate(hub, save_to=tmp_path / f"{number}.mp4", extra=extra)
        assert sent(gateway) == (number, number, number), extra


def test_an_id_that_is_half_a_character_is_not_lost(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """Text that no file can hold as it is is kept escaped: the id of a paid task survives, whatever it is."""
    gateway.on("create", tell(wire.created(id="video_\ud83d-1", status="failed", error="\udc00")))
    with pytest.raises(ChainHubError):
        wire.generate(hub, save_to=target)
    assert read(target)["task"]["id"] == "video_\ud83d-1"
    assert read(target)["state"] == "failed"


def test_a_picture_with_an_odd_name_has_a_receipt(
    colour: Colour, gateway: Gateway, target: Path, video: bytes, tmp_path: Path
) -> None:
    """A file name that is not UTF-8 does not keep a picture from being described."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/k\xfftten.png"))
    odd.write_bytes(png())
    script(gateway, UNIFIED, video)
    hub = colour.hub(gateway.url, inline_images=True)
    for _ in range(2):
        UNIFIED.generate(hub, save_to=target, image=odd)
    assert gateway.count("create") == 1


def test_a_patient_client_has_receipts_too(
    colour: Colour, gateway: Gateway, target: Path, video: bytes
) -> None:
    """The longest timeout that is taken does not overflow the receipt's times."""
    script(gateway, OPENAI, video)
    OPENAI.generate(colour.hub(gateway.url, timeout=9e8), save_to=target)
    assert read(target)["state"] == "saved"
