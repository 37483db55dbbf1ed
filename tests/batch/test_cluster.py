"""The workers of a Dask cluster make the rows, a dead one's go on elsewhere, and the key stays where it is."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, ConfigurationError
from chainhub_video.batch.cluster import Cluster, Order, connected, make
from chainhub_video.batch.making import RowOptions
from chainhub_video.batch.rows import Row

from .clustered import _cluster, played
from .conftest import kittens

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def test_a_dead_workers_rows_go_on_elsewhere() -> None:
    """Two workers, one of which is killed, and a bucket that answers 503 now and then: all whole, each paid once."""
    verdict = played(12, workers=2, kills=1, seed=3, pace=0.7, late=True)
    assert verdict.faults() == []
    assert (verdict.paid, verdict.uncertain, verdict.saved) == ((12, 0), 0, 12)


@pytest.fixture(scope="module")
def keyless() -> Iterator[Any]:
    """A cluster whose worker has no key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CHAINHUB_API_KEY", raising=False)
        client = _cluster(1)
        yield client
        client.cluster.close()
        client.close()


def test_a_worker_without_a_key_is_named(keyless: Any, tmp_path: Path) -> None:
    """Before anything is sent."""
    with Sandbox(fast=True) as gateway:
        with (
            ChainHub(base_url=gateway.url, api_key="sandbox") as hub,
            pytest.raises(ConfigurationError, match=r"worker tcp://.* has no CHAINHUB_API_KEY"),
        ):
            hub.batch.run(kittens(2), tmp_path, cluster=keyless)
        assert gateway.paid == 0


def test_another_version_is_named(
    keyless: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that has another release is told, with both versions."""
    monkeypatch.setattr("chainhub_video.batch.cluster.__version__", "9.9.9")
    with (
        ChainHub(api_key="k", base_url="http://127.0.0.1:9") as hub,
        pytest.raises(ConfigurationError, match=r"has chainhub-video 0\..*this process 9\.9\.9"),
    ):
        hub.batch.run(kittens(1), tmp_path, cluster=keyless)


def test_functions_of_this_process_stay_here(keyless: Any, tmp_path: Path) -> None:
    """`confirm` and `image_host` are refused, and so is what is no client of a cluster."""
    with (
        ChainHub(api_key="k", base_url="http://127.0.0.1:9", confirm=bool) as hub,
        pytest.raises(ConfigurationError, match="confirm= is a function of this process"),
    ):
        hub.batch.run(kittens(1), tmp_path, cluster=keyless)
    with (
        ChainHub(api_key="k", base_url="http://127.0.0.1:9") as hub,
        pytest.raises(ConfigurationError, match=r"must be a distributed\.Client"),
    ):
        hub.batch.run(kittens(1), tmp_path, cluster="tcp://127.0.0.1:9")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_key_is_in_no_task(keyless: Any) -> None:
    """What a worker is sent for a row can be pickled, and holds no key."""
    with ChainHub(api_key="very-secret", base_url="http://127.0.0.1:9") as hub:
        cluster = Cluster(keyless, hub._settings, _Options())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        order: Order = cluster._order
    row = Row(1, "row 1", "kitten", kittens(1)[0])
    options = RowOptions(
        out="videos", timeout=60, resubmit_uncertain=False, retry_failed=False, began=_NOW
    )
    sent = pickle.dumps((make, row, options, order, "topic"))
    assert b"very-secret" not in sent
    assert "very-secret" not in repr((row, options, order))
    assert pickle.loads(sent)[1] == row


def test_a_scheduler_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address."""
    monkeypatch.setattr("chainhub_video.batch.cluster._PATIENCE", 0.5)
    with pytest.raises(ConfigurationError, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        connected("tcp://127.0.0.1:9")


_NOW = datetime.now(UTC)


class _Options:
    concurrency, rate = 4, None
