"""One task is asked for, waited for and saved; several at once, each told, the worst of them as the exit status."""

from __future__ import annotations

import json
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.exit_status import worst

from .command import Command
from .conftest import GROK, interrupted


def _created(command: Command, count: int) -> list[str]:
    return [command("create", f"kitten {number}", *GROK).told[0] for number in range(count)]


def test_the_worst_status_counts() -> None:
    """Whatever the order: a task that runs is better than a mistake, that than a failure, that than a doubt."""
    for some in permutations((0, 4, 2, 1, 3)):
        for length in range(5):
            best_to_worst = [each for each in (0, 4, 2, 1, 3) if each in some[:length]]
            assert worst(some[:length]) == (best_to_worst[-1] if best_to_worst else 0)


def test_a_task_can_be_asked_for_and_saved_later(command: Command) -> None:
    """At a deadline of 0 `wait` names the command that goes on; `download` and `status` take the task up."""
    (task,) = _created(command, 1)
    ended = command("wait", task, "--timeout", "0", "--quiet")
    assert (ended.status, ended.told) == (4, [])
    assert "wait for it again with chainhub-video wait ID" in ended.line
    assert command("download", task, "-o", "later.mp4").status == 0
    assert Path("later.mp4").stat().st_size > 1000
    assert command("status", task) == (0, [f"completed 100% (task {task})"], [])
    assert json.loads(command("status", task, "--json").told[0])["id"] == task


def test_several_tasks_are_waited_for_at_once(command: Command, chainhub_sandbox: Sandbox) -> None:
    """Seventeen tasks take little longer than one, each has its line; one that is named twice is waited for once."""
    ids = _created(command, 17)
    began = chainhub_sandbox.clock.time()
    status, told, said = command("wait", *ids, ids[0])
    took = chainhub_sandbox.clock.time() - began
    assert status == 0
    assert sorted(told) == sorted(f"completed 100% (task {each})" for each in ids)
    assert took < 3 * 12 * 60  # virtual seconds; two turns of sixteen
    assert {re.split(r" s: |: ", line)[1] for line in said} == set(ids)
    assert chainhub_sandbox.paid == 17


def test_each_failure_is_told_and_the_worst_is_the_status(
    command: Command, chainhub_sandbox: Sandbox
) -> None:
    """A failed task and an unknown id have a line each on standard error; the other task is waited for."""
    good, bad = _created(command, 2)
    chainhub_sandbox.fail(bad, "moderation")
    status, told, said = command("wait", good, bad, "grok:none", "--json", "--quiet")
    assert status == 1
    assert [json.loads(line)["id"] for line in told] == [good]
    failed, unknown = sorted(said, key=lambda line: "none" in line)
    assert failed.startswith(f"chainhub-video: {bad}: ")
    assert "moderation" in failed
    assert "does not know" in unknown


def test_several_outputs_are_resumed_at_once(command: Command, chainhub_sandbox: Sandbox) -> None:
    """What generate has started is saved, side by side, and nothing is paid again."""
    names = [f"{number}.mp4" for number in range(3)]
    for name in names:
        assert command("generate", name, *GROK, "-o", name, "--timeout", "0", "-q").status == 4
    began = chainhub_sandbox.clock.time()
    status, told, said = command("resume", *names, "-q")
    assert (status, len(told), said) == (0, 3, [])
    assert all(Path(name).read_bytes()[4:8] == b"ftyp" for name in names)
    assert chainhub_sandbox.clock.time() - began < 2 * 12 * 60
    assert chainhub_sandbox.paid == 3


@pytest.mark.parametrize("arguments", [("wait",), ("download", "-o", "out.mp4")])
def test_ctrl_c_while_one_is_waited_for(
    command: Command, chainhub_sandbox: Sandbox, arguments: tuple[str, ...]
) -> None:
    """The line has the command that saves its video, and that does."""
    (task,) = _created(command, 1)
    ours = threading.get_ident()

    def press() -> None:
        chainhub_sandbox.wait_for("query", 2, 60)
        signal.pthread_kill(ours, signal.SIGINT)

    chainhub_sandbox.hold(task)
    with ThreadPoolExecutor(1) as hand:
        pressed = hand.submit(press)
        ended = command(*arguments, task, "--timeout", "1e9", "-q")
        pressed.result()
    assert (ended.status, ended.told) == (130, [])
    saves = f"download --format unified -o FILE -- {task}"
    assert ended.line.endswith(f"save its video with: chainhub-video {saves}")
    chainhub_sandbox.release(task)
    assert command(*saves.replace("FILE", "saved.mp4").split()).status == 0


def test_ctrl_c_while_several_are_waited_for(environment: dict[str, str], tmp_path: Path) -> None:
    """Exit status 130, and one line after those of the changes."""
    with Sandbox(fast=True, pace=60) as slow:
        slow.fault("query", "hang")
        waiting = ["wait", "grok:1", "grok:2"]
        told, (*_, last) = interrupted(waiting, environment, tmp_path, slow, "query", 2)
    assert told == ""
    assert last.startswith("chainhub-video: interrupted; run the same command again")
