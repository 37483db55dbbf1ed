"""Whole jobs in every dialect of the sandbox: paid once, saved whole, in both formats and through both drivers."""

from __future__ import annotations

import pytest
from chainhub_sandbox.dialects import REASON_PLACES
from chainhub_sandbox.tasks import STATES
from chainhub_video import (
    InvalidRequest,
    TaskFailed,
    TaskStatus,
    WaitTimeout,
)

from tests.support.wires import WIRES, Wire

from .dialect_jobs import (
    COMBINED,
    DRIVERS,
    SINGLE,
    Jobs,
    jobs,
    never_drawn,
    recorded_draws,
)

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

FORMATS = pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
BOTH = pytest.mark.parametrize("driver", DRIVERS)


def named(*dialects: tuple[str, ...]) -> pytest.MarkDecorator:
    """A test for each of some dialects."""
    return pytest.mark.parametrize("dialects", dialects, ids=["+".join(each) for each in dialects])


def words_of(wire: Wire, *ends: str) -> set[str]:
    """The tables of a relay's words for a task's states."""
    states = STATES["openai" if wire.name == "openai" else "unified"]
    return {f"word for {state}" for state in (*states, *ends)}


@named(*SINGLE)
@FORMATS
@BOTH
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
    relayed = words_of(wire, "completed") if dialect == "relay" else set[str]()
    assert tables | relayed <= draws.keys()
    assert never_drawn(draws) == {}


@named(*COMBINED)
@FORMATS
def test_dialects_together(dialects: tuple[str, ...], wire: Wire) -> None:
    """Jobs in dialects that come together, of which many pairs of choices are met, end no other way."""
    for driver, seed in zip(DRIVERS, (3, 4), strict=True):
        with jobs(dialects, wire, driver, seed) as cell:
            for _ in range(3):
                cell.run()
        assert cell.trouble == []
        assert (cell.creates, cell.saved, cell.gateway.key_leaks) == (3, 3, 0)


def failed(cell: Jobs, reason: str) -> TaskFailed:
    """Run a job whose task fails at its first sign, and return the error."""

    def fail(_: object) -> None:
        cell.gateway.fail(cell.gateway.tasks[-1], reason)

    with pytest.raises(TaskFailed) as raised:
        cell.hub.videos.generate(**cell.arguments(), save_to=cell.target(), on_update=fail)
    return raised.value


@named(*SINGLE, *COMBINED)
@FORMATS
@BOTH
def test_failures_keep_their_reason(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """Wherever a dialect has the reason, and whatever its word, `TaskFailed` says it, and nothing is sent again."""
    tasks = len(REASON_PLACES) if "relay" in dialects else 1
    with recorded_draws() as draws, jobs(dialects, wire, driver, seed=2) as cell:
        for number in range(tasks):
            reason = f"the fish is protected ({number})"
            error = failed(cell, reason)
            assert error.task is not None
            assert (error.reason, error.task.id) == (reason, cell.gateway.tasks[-1].id)
            with pytest.raises(TaskFailed, match="had failed already"):
                cell.hub.videos.generate(**cell.arguments(), save_to=cell.target())
            cell.done += 1
        assert cell.creates == cell.gateway.paid == tasks
    if "relay" in dialects:
        of_failures = {"word for failed", "place of the reason"}
        assert of_failures <= draws.keys()
        assert not of_failures & never_drawn(draws).keys()


@named(*SINGLE, COMBINED[-1])
@FORMATS
@BOTH
def test_the_steps_one_by_one(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """An id alone is enough to wait and to download, with `format` where it does not tell it; nothing more is paid."""
    with jobs(dialects, wire, driver, seed=5) as cell:
        videos, told = cell.hub.videos, {"format": wire.name}
        for _ in range(2):
            created = videos.create(**cell.arguments())
            assert created.id == cell.gateway.tasks[-1].id
            if not {"numeric-ids", "long-ids"}.isdisjoint(dialects):
                with pytest.raises(InvalidRequest, match="does not tell its wire format"):
                    videos.wait(created.id)
            assert videos.wait(created.id, **told).status is TaskStatus.COMPLETED
            saved = videos.download(created.id, cell.target(), **told)
            cell.judge(saved, cell.target())
            cell.done += 1
        assert cell.trouble == []
        assert (cell.creates, cell.saved) == (2, 2)


@named(*SINGLE, COMBINED[-1])
@FORMATS
@BOTH
def test_jobs_are_resumed(dialects: tuple[str, ...], wire: Wire, driver: str) -> None:
    """A job that met its deadline is finished by `resume`, and by the same call, from the receipt: one create each."""
    with jobs(dialects, wire, driver, seed=6) as cell:
        for again in ("resume", "generate"):
            target, arguments = cell.target(), cell.arguments()
            with pytest.raises(WaitTimeout):
                cell.hub.videos.generate(**arguments, save_to=target, timeout=30)
            if again == "resume":
                saved = cell.hub.videos.resume(target)
            else:
                saved = cell.hub.videos.generate(**arguments, save_to=target)
            cell.judge(saved, target)
            cell.done += 1
        assert cell.trouble == []
        assert (cell.creates, cell.saved) == (2, 2)
