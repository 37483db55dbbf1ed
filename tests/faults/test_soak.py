"""The promise as a whole: never paid twice, never lost, whatever breaks and whoever is killed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_sandbox.dialects import NAMES
from chainhub_video import ChainHub
from PIL import Image

from .jobs import MODELS_OF, PICTURE, arguments_of, fields_of
from .schedule import Plan
from .soak import drawn_dialects, main, soak
from .verdict import CALLS, KILLS, LOST, PAID_TWICE, Verdict


def test_nothing_is_paid_twice_or_lost(tmp_path: Path) -> None:
    """A hundred jobs in processes that are killed at any moment end saved, whole, and paid for as reported."""
    plan = Plan(1, calls=100, kill_every=0.5, refuse_every=2.0)
    history, verdict = soak(plan, tmp_path, ("envelope", "numeric-ids", "own-links", "relay"))
    print(verdict)
    assert verdict.broken == []
    assert (verdict.rows[PAID_TWICE], verdict.rows[LOST]) == (0, 0)
    # A soak in which nothing happened would prove nothing.
    assert verdict.rows[CALLS] == 100
    assert verdict.rows[KILLS] >= 5
    assert len(history.of("uncertain")) >= 5
    assert history.in_window


def test_dialects_and_models_are_drawn(tmp_path: Path) -> None:
    """A seed says what is drawn; lives of gateways meet all dialects, and jobs every model of both formats."""
    assert [drawn_dialects(seed) for seed in range(9)] == [drawn_dialects(s) for s in range(9)]
    lives = [drawn_dialects(seed) for seed in range(40)]
    assert {name for life in lives for name in life} == set(NAMES[1:])
    assert {len(life) for life in lives} == set(range(len(NAMES)))
    jobs = [arguments_of(number, tmp_path, 1) for number in range(300)]
    asked = {(job["model"], job["format"]) for job in jobs}
    assert asked == {(each.name, each.format) for rows in MODELS_OF.values() for each in rows}
    assert jobs == [arguments_of(number, tmp_path, 1) for number in range(300)]
    assert jobs != [arguments_of(number, tmp_path, 2) for number in range(300)]


def test_every_model_is_served(tmp_path: Path) -> None:
    """The sandbox accepts a create of each model with the arguments that jobs give it."""
    Image.new("RGB", (1280, 720), "orange").save(tmp_path / PICTURE)
    models = [model for rows in MODELS_OF.values() for model in rows]
    with (
        Sandbox(fast=True) as gateway,
        ChainHub(base_url=gateway.url, api_key="sandbox") as hub,
    ):
        for model in models:
            task = hub.videos.create("A kitten", **fields_of(model, tmp_path))
            assert (task.format, task.model) == (model.format, model.name)
        assert gateway.paid == len(models)


def test_lives_are_added_up() -> None:
    """Numbers and spreads of several lives are summed, and what is broken in one is broken in all."""
    total = Verdict()
    total.add(Verdict({"calls": 3, "paid": Counter({1: 2, 2: 1})}, ["lost"]))
    total.add(Verdict({"calls": 4, "paid": Counter({1: 4})}))
    assert str(total) == "calls  7\npaid   1: 6, 2: 1\nBROKEN: lost"


def test_an_unknown_dialect_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the dialects that there are, and runs nothing."""
    with pytest.raises(SystemExit, match="2"):
        main(["--dialects", "klingon"])
    assert "no dialect 'klingon'; there are documented, numeric-ids" in capsys.readouterr().err
