"""A row can be made elsewhere: all that it needs, and what comes of it, is plain data."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from chainhub_sandbox import Sandbox
from chainhub_video import AsyncChainHub
from chainhub_video.batch.making import Outcome, RowOptions, run_row
from chainhub_video.batch.manifest import read_rows, source_of
from chainhub_video.batch.names import same_file, slug
from chainhub_video.batch.rows import Row

from tests.support.colours import POLL

from .conftest import kittens


def test_a_row_travels_to_another_process_and_back(gateway: Sandbox, tmp_path: Path) -> None:
    """Row, options and result survive pickling; a failure comes back as a result, not as an error."""
    options = RowOptions(
        out=str(tmp_path), timeout=60, resubmit_uncertain=False, retry_failed=False, began=datetime.now(UTC)
    )  # fmt: skip
    rows = [pickle.loads(pickle.dumps(row)) for row in read_rows(source_of(kittens(2)))]
    gateway.fault("create", "status", status=400, after=1, times=1)

    async def main() -> None:
        async with AsyncChainHub(base_url=gateway.url, api_key="sandbox", poll=POLL) as hub:
            for row, outcome in zip(rows, (Outcome.SAVED, Outcome.FAILED), strict=True):
                result = await run_row(hub.videos, row, pickle.loads(pickle.dumps(options)))
                assert pickle.loads(pickle.dumps(result)) == result
                assert (result.row, result.name, result.outcome) == (row.number, row.name, outcome)

    asyncio.run(main())


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
