"""`wait` and `resume` of several: at once, each told, and the worst of them as the exit status."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video.cli.exit_status import worst

from .conftest import COMMAND, Ends

GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")


def _created(ends: Ends, count: int) -> list[str]:
    return [ends("create", f"kitten {number}", *GROK)[1][0] for number in range(count)]


def test_the_worst_status_counts() -> None:
    """Whatever the order: a task that runs is better than a mistake, that than a failure, that than a doubt."""
    for some in permutations((0, 4, 2, 1, 3)):
        for length in range(5):
            best_to_worst = [each for each in (0, 4, 2, 1, 3) if each in some[:length]]
            assert worst(some[:length]) == (best_to_worst[-1] if best_to_worst else 0)


def test_several_tasks_are_waited_for_at_once(ends: Ends, chainhub_sandbox: Sandbox) -> None:
    """Seventeen tasks take little longer than one, each has its line; one that is named twice is waited for once."""
    ids = _created(ends, 17)
    began = chainhub_sandbox.clock.time()
    status, told, said = ends("wait", *ids, ids[0])
    assert status == 0
    assert sorted(told) == sorted(f"completed 100% (task {each})" for each in ids)
    assert (
        chainhub_sandbox.clock.time() - began < 3 * 12 * 60
    )  # virtual seconds; two turns of sixteen
    assert {re.split(r" s: |: ", line)[1] for line in said} == set(ids)
    assert chainhub_sandbox.paid == 17


def test_each_failure_is_told_and_the_worst_is_the_status(
    ends: Ends, chainhub_sandbox: Sandbox
) -> None:
    """A failed task and an unknown id have a line each on standard error; the other task is waited for."""
    good, bad = _created(ends, 2)
    chainhub_sandbox.fail(bad, "moderation")
    status, told, said = ends("wait", good, bad, "grok:none", "--json", "--quiet")
    assert status == 1
    assert [json.loads(line)["id"] for line in told] == [good]
    failed, unknown = sorted(said, key=lambda line: "none" in line)
    assert failed.startswith(f"chainhub-video: {bad}: ")
    assert "moderation" in failed
    assert "does not know" in unknown


def test_a_task_that_still_runs_is_4(ends: Ends) -> None:
    """At the deadline there is one line, with the command that goes on."""
    (task,) = _created(ends, 1)
    status, told, said = ends("wait", task, "--timeout", "0", "--quiet")
    assert (status, told, len(said)) == (4, [], 1)
    assert "wait for it again with chainhub-video wait ID" in said[0]
    assert ends("wait", "123", "--quiet")[0] == 2
    assert "say --format openai or --format unified" in ends("wait", "123")[2][0]


def test_several_outputs_are_resumed_at_once(ends: Ends, chainhub_sandbox: Sandbox) -> None:
    """What generate has started is saved, side by side, and nothing is paid again."""
    names = [f"{number}.mp4" for number in range(3)]
    for name in names:
        assert ends("generate", name, *GROK, "-o", name, "--timeout", "0", "-q")[0] == 4
    began = chainhub_sandbox.clock.time()
    status, told, said = ends("resume", *names, "-q")
    assert (status, len(told), said) == (0, 3, [])
    assert all(Path(name).read_bytes()[4:8] == b"ftyp" for name in names)
    assert chainhub_sandbox.clock.time() - began < 2 * 12 * 60
    assert chainhub_sandbox.paid == 3


def test_quiet_leaves_the_result_alone(ends: Ends) -> None:
    """With --quiet a whole generate writes one line on standard output, and none on standard error."""
    status, told, said = ends("generate", "x", *GROK, "-o", "out.mp4", "--quiet")
    assert (status, len(told), said) == (0, 1, [])


@pytest.mark.parametrize("command", [("wait",), ("download", "-o", "out.mp4")])
def test_ctrl_c_while_one_is_waited_for(
    ends: Ends, chainhub_sandbox: Sandbox, command: tuple[str, ...]
) -> None:
    """The line has the command that saves its video, and that does."""
    (task,) = _created(ends, 1)
    ours = threading.get_ident()

    def press() -> None:
        chainhub_sandbox.wait_for("query", 2, 60)
        signal.pthread_kill(ours, signal.SIGINT)

    chainhub_sandbox.hold(task)
    with ThreadPoolExecutor(1) as hand:
        pressed = hand.submit(press)
        status, told, said = ends(*command, task, "--timeout", "1e9", "-q")
        pressed.result()
    assert (status, told) == (130, [])
    (line,) = said
    assert line.endswith(
        f"save its video with: chainhub-video download --format unified -o FILE -- {task}"
    )
    chainhub_sandbox.release(task)
    assert ends("download", "--format", "unified", "-o", "saved.mp4", "--", task)[0] == 0


def test_ctrl_c_while_several_are_waited_for(environment: dict[str, str], tmp_path: Path) -> None:
    """Exit status 130, and one line after those of the changes."""
    with Sandbox(fast=True, pace=60) as slow, subprocess.Popen(
        [COMMAND, "wait", "grok:1", "grok:2"], env={**environment, "CHAINHUB_BASE_URL": slow.url},
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        slow.fault("query", "hang")
        slow.wait_for("query", 2, 60)
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        told, said = process.communicate(timeout=60)
    assert (process.returncode, told) == (130, "")
    assert said.splitlines()[-1].startswith(
        "chainhub-video: interrupted; run the same command again"
    )
    assert "Traceback" not in said
