"""What a killed process leaves, and how it is finished."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import textwrap
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    ChainHubError,
    InvalidRequest,
    SubmissionUncertain,
    TaskStatus,
    WaitTimeout,
)

from tests.support.answering import silence, tell
from tests.support.colours import Colour
from tests.support.receipted import (
    STEPS,
    ago,
    first_then,
    known,
    leave,
    path_of,
    read,
    script,
    sent,
    step_of,
)
from tests.support.scripted import Gateway
from tests.support.videos import names
from tests.support.wires import OPENAI, WIRES, Wire, png

STATES = {"create": "submitting", "query": "submitted", "download": "submitted"}

_GENERATE = """
    import json, resource, sys
    from chainhub_video import ChainHub, ChainHubError, PollPolicy
    url, limit, arguments = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
    if limit >= 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    with ChainHub(base_url=url, api_key="the-key", poll=PollPolicy(first=0, interval=6)) as hub:
        try:
            hub.videos.generate(**arguments)
        except ChainHubError as error:
            print(type(error).__name__, error)
"""


def _child(gateway: Gateway, wire: Wire, target: Path, limit: int = -1) -> subprocess.Popen[str]:
    """Call generate in a process of its own, which may write files of that many bytes."""
    arguments = {**wire.arguments, "save_to": str(target)}
    if wire is OPENAI:
        picture = target.with_name("image.png")  # the name that bytes are given
        picture.write_bytes(png())
        arguments["image"] = str(picture)
    # -B: with a limit on files, compiled ones would be cut, and be believed from then on.
    command = [sys.executable, "-B", "-c", textwrap.dedent(_GENERATE), gateway.url, str(limit)]
    return subprocess.Popen(
        [*command, json.dumps(arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_is_killed_leaves_a_receipt_that_goes_on(
    gateway: Gateway,
    target: Path,
    video: bytes,
    wire: Wire,
    step: str,
) -> None:
    """After SIGKILL a known task is saved without a create; one that may be paid is uncertain until it is released."""
    script(gateway, wire, video)
    arrived = threading.Event()
    held = step_of(step, wire)
    gateway.on(held, first_then(arrived.set, silence()))
    with _child(gateway, wire, target) as process:
        assert arrived.wait(30)
        assert read(target)["state"] == STATES[step]
        process.kill()
    before = path_of(target).read_bytes()
    assert gateway.count("create") == 1
    script(gateway, wire, video)
    with ExitStack() as closing:
        hub = Colour("blocking", closing).hub(gateway.url)
        if step == "create":
            with pytest.raises(SubmissionUncertain, match="process that was sending it has ended"):
                wire.generate(hub, save_to=target)
            assert path_of(target).read_bytes() == before
            elsewhere = {**json.loads(before), "owner": "another machine"}
            path_of(target).write_text(json.dumps(elsewhere))
            with pytest.raises(WaitTimeout):
                wire.generate(hub, save_to=target, timeout=0)
            aged = {**elsewhere, "times": {"submitting": ago(9999)}, "expires": ago(1)}
            path_of(target).write_text(json.dumps(aged))
            with pytest.raises(SubmissionUncertain):
                hub.videos.resume(target)
        saved = wire.generate(hub, save_to=target, resubmit_uncertain=step == "create")
    assert gateway.count("create") == (2 if step == "create" else 1)
    assert saved.path.read_bytes() == video
    assert names(target.parent) == sorted(
        [target.name, path_of(target).name, *(["image.png"] if wire is OPENAI else [])]
    )


def test_resume_takes_an_output_or_its_receipt(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """Either path, as text or as a Path, finishes what was started, with updates and progress, without a create."""
    leave(gateway, hub, wire, target, "submitted", task=known(wire))
    script(gateway, wire, video)
    updates: list[Any] = []
    sizes: list[int] = []
    saved = hub.videos.resume(
        path_of(target), on_update=updates.append, on_progress=lambda done, _: sizes.append(done)
    )
    assert saved.path == target
    assert [task.status for task in updates] == [TaskStatus.COMPLETED]
    assert sizes[-1] == len(video)
    assert hub.videos.resume(str(target)).sha256 == saved.sha256
    assert sent(gateway) == (0, 1, 1)


def test_resume_needs_a_receipt(hub: Any, gateway: Gateway, target: Path) -> None:
    """Where nothing was started, the receipt that is missing is named, and nothing is sent."""
    with pytest.raises(InvalidRequest, match="there is no receipt") as raised:
        hub.videos.resume(target)
    assert str(path_of(target)) in str(raised.value)
    assert gateway.arrived == []


def test_resume_waits_for_a_create_that_is_being_sent(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A create that another process is sending right now is not called uncertain, but waited for."""
    text = leave(gateway, hub, wire, target, "submitting", age=0, expires=ago(-60))
    script(gateway, wire, video)
    other = {**json.loads(text), "state": "submitted", "expires": None, "task": known(wire)}
    timer = threading.Timer(0.3, lambda: path_of(target).write_text(json.dumps(other)))
    timer.start()
    assert hub.videos.resume(target).path.read_bytes() == video
    timer.join()
    assert sent(gateway) == (0, 1, 1)


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_disk_that_takes_no_receipt_sends_nothing(
    gateway: Gateway, target: Path, wire: Wire
) -> None:
    """If the system takes only a few bytes of the receipt, nothing is sent, and nothing is left."""
    with _child(gateway, wire, target, limit=100) as process:
        told, trouble = process.communicate(timeout=60)
    assert told.startswith("InvalidRequest"), trouble
    for words in (str(path_of(target)), "nothing was sent", "File too large"):
        assert words in told
    assert gateway.arrived == []
    assert [name for name in names(target.parent) if name != "image.png"] == []


def test_a_link_that_has_run_dry_can_be_resumed(
    hub: Any, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A download that fails names the receipt and the command, quoted for a shell; the receipt has the task."""
    target = target.with_name("my  'best' kitten.mp4")
    script(gateway, wire, video)
    gateway.on(step_of("download", wire), tell({}, 500))
    with pytest.raises(ChainHubError) as raised:
        wire.generate(hub, save_to=target, timeout=0.5)
    told = str(raised.value)
    assert str(path_of(target)) in told
    assert shlex.split(told[told.index("chainhub-video resume") :])[2] == str(target)
    script(gateway, wire, video)
    assert hub.videos.resume(target).path.read_bytes() == video
    assert gateway.count("create") == 1


class _Memory:
    """Receipts somewhere else than on a disk."""

    def __init__(self, place: dict[str, Any], target: Path) -> None:
        self._place = place
        self.name = f"memory:{target.name}"

    def load(self) -> Any:
        return self._place.get(self.name)

    def swap(self, old: Any, new: Any) -> bool:
        if self._place.get(self.name) != old:
            return False
        self._place[self.name] = new
        return True


def test_receipts_may_be_kept_elsewhere(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes
) -> None:
    """A store with the two methods of the protocol serves generate and resume; nothing is written beside the output."""
    place: dict[str, Any] = {}
    hub = colour.hub(gateway.url, receipts=lambda target: _Memory(place, target))
    script(gateway, wire, video)
    wire.generate(hub, save_to=target)
    wire.generate(hub, save_to=target)
    hub.videos.resume(target)
    assert gateway.count("create") == 1
    assert place["memory:kitten.mp4"].state == "saved"
    assert names(target.parent) == [target.name]
