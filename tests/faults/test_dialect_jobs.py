"""Whole jobs in every dialect of the sandbox: paid once, saved whole, in both formats and through both drivers."""

from __future__ import annotations

from itertools import product

import pytest
from chainhub_sandbox.dialects import REASON_PLACES
from chainhub_sandbox.tasks import STATES
from chainhub_video import InvalidRequest, TaskFailed, TaskStatus, WaitTimeout

from tests.support.colours import DRIVERS
from tests.support.wires import WIRES, Wire

from .dialect_jobs import COMBINED, SINGLE, Jobs, jobs, never_drawn, recorded_draws

TABLES: dict[str, tuple[int, set[str]]] = {
    "documented": (2, set()),
    "numeric-ids": (4, {"id"}),
    "long-ids": (2, set()),
    "envelope": (8, {"envelope"}),
    "relay": (12, {"state", "letters", "place of the link"}),
    "late": (3, {"not found", "no file"}),
    "own-links": (6, {"link"}),
}
"""What a dialect draws from for tasks that end well, besides a relay's words, and the length of the longest table: so
many tasks in a row draw each of its choices."""


def each_in(dialects: tuple[tuple[str, ...], ...]) -> pytest.MarkDecorator:
    """A test for each dialect in both formats; the driver, which no dialect changes, alternates."""
    cells = [
        pytest.param(
            names,
            wire,
            DRIVERS[(number + (wire.name == "openai")) % 2],
            id=f"{'+'.join(names)}-{wire.name}",
        )
        for (number, names), wire in product(enumerate(dialects), WIRES.values())
    ]
    return pytest.mark.parametrize(("dialects", "wire", "driver"), cells)


@each_in(SINGLE)
def test_every_spelling_becomes_a_video(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """Jobs that meet every choice of a dialect's tables are each paid once, and saved whole before any deadline."""
    (dialect,) = dialects
    tasks, tables = TABLES[dialect]
    with recorded_draws() as draws, jobs(dialects, wire, driver, seed=7) as cell:
        for _ in range(tasks):
            cell.run()
    assert cell.trouble == []
    assert (cell.creates, cell.gateway.paid, cell.saved) == (tasks, tasks, tasks)
    assert cell.gateway.key_leaks == 0
    if dialect == "relay":
        states = STATES["openai" if wire.name == "openai" else "unified"]
        tables = tables | {f"word for {state}" for state in (*states, "completed")}
    assert tables <= draws.keys()
    assert never_drawn(draws) == {}


@each_in(COMBINED)
def test_dialects_together(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """Jobs in dialects that come together, of which many pairs of choices are met, end no other way."""
    with jobs(dialects, wire, driver, seed=3) as cell:
        for _ in range(3):
            cell.run()
    assert cell.trouble == []
    assert (cell.creates, cell.saved, cell.gateway.key_leaks) == (3, 3, 0)


@each_in((*SINGLE, COMBINED[-1]))
def test_failures_keep_their_reason(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """`TaskFailed` has the reason from any place and under any word of a dialect, and nothing is sent again."""
    tasks = len(REASON_PLACES) if "relay" in dialects else 1
    with recorded_draws() as draws, jobs(dialects, wire, driver, seed=2) as cell:
        for number in range(tasks):
            reason = f"the fish is protected ({number})"

            def fail(_: object, reason: str = reason) -> None:
                cell.gateway.fail(cell.gateway.tasks[-1], reason)

            job = {**cell.arguments(), "save_to": cell.target()}
            with pytest.raises(TaskFailed) as raised:
                cell.hub.videos.generate(**job, on_update=fail)
            assert raised.value.task is not None
            told = (raised.value.reason, raised.value.task.id)
            assert told == (reason, cell.gateway.tasks[-1].id)
            with pytest.raises(TaskFailed, match="had failed already"):
                cell.hub.videos.generate(**job)
            cell.done += 1
        assert cell.creates == cell.gateway.paid == tasks
    if "relay" in dialects:
        of_failures = {"word for failed", "place of the reason"}
        assert of_failures <= draws.keys()
        assert not of_failures & never_drawn(draws).keys()


def _step_by_step(cell: Jobs, dialects: tuple[str, ...]) -> None:
    """Create, wait and download, each with nothing but the id."""
    videos, told = cell.hub.videos, {"format": cell.wire.name}
    created = videos.create(**cell.arguments())
    assert created.id == cell.gateway.tasks[-1].id
    if not {"numeric-ids", "long-ids"}.isdisjoint(dialects):
        with pytest.raises(InvalidRequest, match="does not tell its wire format"):
            videos.wait(created.id)
    assert videos.wait(created.id, **told).status is TaskStatus.COMPLETED
    cell.judge(videos.download(created.id, cell.target(), **told), cell.target())


def _resumed(cell: Jobs, again: str) -> None:
    """Let a job meet its deadline, and go on with `resume`, or with the same call."""
    job = {**cell.arguments(), "save_to": cell.target()}
    with pytest.raises(WaitTimeout):
        cell.hub.videos.generate(**job, timeout=30)
    videos = cell.hub.videos
    saved = videos.resume(cell.target()) if again == "resume" else videos.generate(**job)
    cell.judge(saved, cell.target())


@each_in((*SINGLE, COMBINED[-1]))
def test_jobs_in_several_calls(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """Steps one by one need the id alone; what met its deadline goes on from the receipt. Each has one create."""
    with jobs(dialects, wire, driver, seed=5) as cell:
        for calls in ("steps", "steps", "resume", "generate"):
            if calls == "steps":
                _step_by_step(cell, dialects)
            else:
                _resumed(cell, calls)
            cell.done += 1
        assert cell.trouble == []
        assert (cell.creates, cell.saved) == (4, 4)
