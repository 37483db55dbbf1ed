"""A call that is cut off, or whose disk is: what is true stays written down, or is said."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from chainhub_video import (
    ChainHubError,
    ReceiptConflict,
    SubmissionUncertain,
)

from tests.support.answering import silence, tell
from tests.support.colours import Colour
from tests.support.receipted import STEPS, first_then, known, path_of, read, script, step_of
from tests.support.scripted import Gateway
from tests.support.videos import LINK, names
from tests.support.wires import OPENAI, Wire


def _interrupt() -> None:
    """Press Ctrl-C: the main thread gets the signal, wherever it waits."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


@pytest.mark.parametrize("step", STEPS)
def test_an_interruption_says_what_goes_on_and_how(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, video: bytes, step: str
) -> None:
    """Ctrl-C, or under asyncio the cancellation that it causes, carries the receipt and the next step as its note."""
    hub = colour.hub(gateway.url)
    script(gateway, wire, video)
    gateway.on(step_of(step, wire), first_then(_interrupt, silence()))

    with pytest.raises(KeyboardInterrupt) as raised:
        wire.generate(hub, save_to=target)

    inner = raised.value.__context__ if colour.asynchronous else raised.value
    told = " ".join(getattr(inner, "__notes__", ()))
    assert str(path_of(target)) in told
    script(gateway, wire, video)
    if step == "create":
        assert read(target)["state"] == "uncertain"
        for words in ("may have been paid", "usage log", "--resubmit-uncertain"):
            assert words in told
        with pytest.raises(SubmissionUncertain):
            wire.generate(hub, save_to=target)
        assert gateway.count("create") == 1
        return
    assert wire.task_id in told
    command = shlex.split(told[told.index("chainhub-video resume") :])
    assert hub.videos.resume(command[2]).path.read_bytes() == video
    assert gateway.count("create") == 1


@pytest.mark.parametrize("when", ["while confirming", "before the second attempt"])
def test_an_interruption_before_anything_is_paid_leaves_nothing(
    colour: Colour, wire: Wire, gateway: Gateway, target: Path, when: str
) -> None:
    """If the create had not left, or was turned away, there is no receipt, and the note says that nothing was sent."""

    def confirm(_: object) -> bool:
        raise KeyboardInterrupt

    options: dict[str, Any] = {"confirm": confirm} if when == "while confirming" else {}
    hub = colour.hub(gateway.url, **options)
    gateway.on(
        "create",
        first_then(
            lambda: threading.Timer(0.3, _interrupt).start(), tell({}, 429, Retry_After="9")
        ),
    )

    with pytest.raises(KeyboardInterrupt) as raised:
        wire.generate(hub, save_to=target)

    inner = raised.value.__context__ if colour.asynchronous and not options else raised.value
    assert "Nothing was sent" in " ".join(getattr(inner, "__notes__", ())) or not options
    assert names(target.parent) == []


def test_an_interruption_while_the_receipt_is_written_leaves_a_true_one(
    colour: Colour,
    wire: Wire,
    gateway: Gateway,
    target: Path,
    video: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At each of its writes: before the create nothing is left, and after it the task is known, whoever was cut off."""
    hub = colour.hub(gateway.url)
    really = os.fsync
    for write in range(1, 7):  # draft and folder of the claim, of its renewal, of the task
        count = 0

        def fsync(descriptor: int, write: int = write) -> None:
            nonlocal count
            really(descriptor)
            count += 1
            if count == write:
                count += 100
                if threading.current_thread() is threading.main_thread():
                    raise KeyboardInterrupt
                _interrupt()
                threading.Event().wait(0.2)  # the cancelled call goes on before this thread does

        script(gateway, wire, video)
        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(KeyboardInterrupt) as raised:
            wire.generate(hub, save_to=target)
        monkeypatch.setattr(os, "fsync", really)
        if write < 5:
            assert names(target.parent) == []
            assert gateway.count("create") == 0
        else:
            assert gateway.count("create") == write - 4
            assert read(target)["task"] == known(wire)
            inner = raised.value.__context__ if colour.asynchronous else raised.value
            assert wire.task_id in " ".join(getattr(inner, "__notes__", ()))
            wire.generate(hub, save_to=target)
            assert gateway.count("create") == write - 4
            target.unlink()
            path_of(target).unlink()


def test_a_folder_that_goes_away_during_the_create_does_not_take_the_task_with_it(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path, video: bytes
) -> None:
    """The error has the task, and its message the id, what to do with it, and the receipt that could not be written."""
    folder = tmp_path / "videos"
    folder.mkdir()
    script(gateway, wire, video, look=lambda: shutil.rmtree(folder))
    with pytest.raises(ReceiptConflict, match="is paid") as raised:
        wire.generate(hub, save_to=folder / "kitten.mp4")
    assert raised.value.task is not None
    assert raised.value.task.id == wire.task_id
    for words in (wire.task_id, "kitten.mp4.task.json", "download()"):
        assert words in str(raised.value)
    script(gateway, wire, video)
    task = hub.videos.wait(raised.value.task)
    assert hub.videos.download(task, tmp_path / "x.mp4").path.read_bytes() == video
    assert gateway.count("create") == 1


@pytest.mark.parametrize("how", ["uncertain", "refused"])
def test_a_folder_that_goes_away_does_not_hide_what_became_of_the_create(
    hub: Any, wire: Wire, gateway: Gateway, tmp_path: Path, how: str
) -> None:
    """If the outcome cannot be written down either, the outcome is raised, and says that it could not be written."""
    folder = tmp_path / "videos"
    folder.mkdir()
    gateway.on(
        "create",
        first_then(lambda: shutil.rmtree(folder), tell({}, {"uncertain": 500}.get(how, 401))),
    )
    with pytest.raises(ChainHubError, match="could not be brought up to date") as raised:
        wire.generate(hub, save_to=folder / "kitten.mp4")
    assert isinstance(raised.value, SubmissionUncertain) == (how == "uncertain")
    assert str(folder / "kitten.mp4.task.json") in str(raised.value)


def test_a_receipt_that_is_removed_during_the_waiting_costs_nothing_more(
    hub: Any,
    wire: Wire,
    gateway: Gateway,
    target: Path,
    video: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The video is saved and returned, since an error would make callers pay again; the log says what is missing."""
    script(gateway, wire, video)
    link = {} if wire is OPENAI else {"video_url": f"{gateway.url}{LINK}"}
    gateway.on("query", first_then(path_of(target).unlink, tell(wire.seen("completed", **link))))
    saved = wire.generate(hub, save_to=target)
    assert saved.path.read_bytes() == video
    assert f"receipt {path_of(target)} could not be written (it was removed)" in caplog.text


def test_a_disk_that_fills_up_during_the_create_does_not_lose_the_id(
    hub: Any, wire: Wire, gateway: Gateway, target: Path
) -> None:
    """If the task can no longer be written down, the error has it and its id, and the old receipt is whole."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))

    gateway.on("create", first_then(fill, tell(wire.created())))
    try:
        with pytest.raises(ReceiptConflict, match="is paid") as raised:
            wire.generate(hub, save_to=target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert wire.task_id in str(raised.value)
    assert raised.value.task is not None
    assert read(target)["state"] == "submitting"
