"""The name of a row's output belongs to what is asked for, and every disk can keep it."""

from __future__ import annotations

from collections.abc import Mapping

from chainhub_video.batch.manifest import read_rows, source_of
from chainhub_video.batch.names import same_file, slug
from chainhub_video.batch.rows import Row


def names_of(*rows: Mapping[str, object]) -> list[str]:
    """Return the names that rows get."""
    return [row.name for row in read_rows(source_of(rows)) if isinstance(row, Row)]


def test_a_default_name_belongs_to_what_is_asked() -> None:
    """The same request has the same name wherever it stands; any other request has another one."""
    one = {"prompt": "A kitten, eating fish!", "model": "grok-video-3", "aspect_ratio": "1:1"}
    first, again, other, picture, bytes_ = names_of(
        one, dict(reversed(one.items())), {**one, "aspect_ratio": "3:2"}, {**one, "image": "a.png"},
        {**one, "image": b"png"},
    )  # fmt: skip
    assert first == again
    assert first.startswith("a-kitten-eating-fish-")
    assert len({first, other, picture, bytes_}) == 4


def test_names_are_such_as_every_disk_can_keep() -> None:
    """Letters of all scripts stay, nothing gets long or empty, and forms of one name are seen to be one."""
    assert slug("小猫在吃鱼") == "小猫在吃鱼"
    assert slug("  ../../etc/passwd\n") == "etc-passwd"
    assert slug("🐈") == "video"
    assert len(slug("小" * 500).encode()) <= 90
    assert same_file("Ka\u0308tzchen") == same_file("KÄTZCHEN")
    assert names_of({"prompt": "p", "model": "m", "name": " kitten.MP4 "}) == ["kitten"]
