"""Tests of the shop, without key, network, money, or ten minutes to wait.

Run them anywhere: `pip install 'chainhub-video[sandbox]' pytest`, then `pytest` in this folder.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, QuotaExhausted, Timeouts
from PIL import Image
from shop import Order, Standing, fulfil, look_up


@pytest.fixture
def order(tmp_path: Path) -> Order:
    """An order with a picture of a very grey kitten."""
    picture = tmp_path / "kitten.png"
    Image.new("RGB", (640, 360), "grey").save(picture)
    return Order(7, "The kitten is eating fish", picture)


def test_an_order_becomes_a_video(chainhub_sandbox: Sandbox, order: Order, tmp_path: Path) -> None:
    """The customer gets a video, the shop pays once."""
    assert fulfil(order, tmp_path).standing is Standing.DELIVERED
    assert (tmp_path / "7.mp4").stat().st_size > 1000
    assert chainhub_sandbox.paid == 1


def test_a_second_run_costs_nothing(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path
) -> None:
    """An order that is fulfilled again by mistake is neither paid nor made again."""
    fulfil(order, tmp_path)
    assert fulfil(order, tmp_path).standing is Standing.DELIVERED
    assert chainhub_sandbox.paid == 1


def test_a_refused_wish_is_refunded(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path
) -> None:
    """A task that fails ends as a refund with the gateway's reason."""
    chainhub_sandbox.fault(
        "query", "fields", after=2, fields={"status": "failed", "error": {"message": "No fish."}}
    )
    record = fulfil(order, tmp_path)
    assert (record.standing, record.words) == (Standing.REFUNDED, "No fish.")


def test_a_slow_task_is_late_and_then_delivered(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path
) -> None:
    """After twenty minutes the customer is told; the next run takes the same task up again."""
    chainhub_sandbox.hold()
    assert fulfil(order, tmp_path).standing is Standing.LATE
    chainhub_sandbox.release()
    assert fulfil(order, tmp_path).standing is Standing.DELIVERED
    assert chainhub_sandbox.paid == 1


def test_no_answer_to_the_create_is_not_paid_twice(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path
) -> None:
    """A create that times out may have been paid, and here it was: a person must look, however often it runs."""
    chainhub_sandbox.fault("create", "hang", times=1)
    impatient = partial(ChainHub, timeout=Timeouts(create=0.3))
    assert fulfil(order, tmp_path, impatient).standing is Standing.FOR_A_PERSON
    assert fulfil(order, tmp_path, impatient).standing is Standing.FOR_A_PERSON
    assert chainhub_sandbox.paid == 1


def test_a_crash_loses_nothing(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies in the middle has paid; the next one finds its task, and pays no more."""
    with monkeypatch.context() as broken:
        broken.setattr("shop.Record.keep", power_cut)
        with pytest.raises(KeyboardInterrupt):
            fulfil(order, tmp_path)
    assert chainhub_sandbox.paid == 1
    assert fulfil(order, tmp_path).standing is Standing.DELIVERED
    assert chainhub_sandbox.paid == 1


def test_no_money_is_said_and_raised(
    chainhub_sandbox: Sandbox, order: Order, tmp_path: Path
) -> None:
    """An empty account stops the shop, and costs nothing; the order waits."""
    chainhub_sandbox.fault("create", "status", status=403, code="insufficient_user_quota")
    with pytest.raises(QuotaExhausted):
        fulfil(order, tmp_path)
    assert look_up(7, tmp_path).standing is Standing.LATE
    chainhub_sandbox.clear_faults()
    assert fulfil(order, tmp_path).standing is Standing.DELIVERED
    assert chainhub_sandbox.paid == 1


def test_the_customer_sees_it_grow(chainhub_sandbox: Sandbox, order: Order, tmp_path: Path) -> None:
    """While time stands still the app can be looked at, and it goes on when the test says so."""
    told = []
    with ThreadPoolExecutor() as beside, chainhub_sandbox.paused():
        record = beside.submit(fulfil, order, tmp_path)
        chainhub_sandbox.wait_for("create")
        for _ in range(4):
            chainhub_sandbox.advance(120)
            told.append(look_up(7, tmp_path).words)
        chainhub_sandbox.advance(120)
        assert record.result(timeout=10).standing is Standing.DELIVERED
    assert told == ["queued, 0%", "processing, 31%", "in_progress, 56%", "in_progress, 81%"]


def power_cut(*_: object) -> None:
    """What happens to the best of shops."""
    raise KeyboardInterrupt
