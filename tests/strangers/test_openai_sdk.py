"""The openai SDK, a client of another maker, makes videos in the sandbox with nothing but its address."""

from __future__ import annotations

import runpy
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox, VirtualClock
from chainhub_video import ChainHub

from tests.strangers.conftest import FORM, Sdk, create
from tests.support.colours import Hub
from tests.support.places import KITTEN

# Its makers are about to give up their own service, and warn at every call.
pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")

MINUTE = 60.0


def until_completed(client: Hub, video: Any) -> Any:
    """Ask as the SDK's user has to, see `test_its_poll_takes_an_unknown_word_for_the_end`."""
    deadline = time.monotonic() + 20
    while video.status != "completed":
        assert video.status != "failed", video
        assert time.monotonic() < deadline
        time.sleep(0.02)
        video = client.videos.retrieve(video.id)
    return video


def test_a_whole_job(sdk: Sdk, gateway: Sandbox, tmp_path: Path) -> None:
    """Create, retrieve and download work with a picture, one create is paid, and our client saves the same video."""
    client = sdk(gateway.url)
    with KITTEN.open("rb") as picture:
        video = create(client, input_reference=picture)
    assert (video.model, video.seconds, video.size) == ("veo_3_1", "2", "1280x720")

    video = until_completed(client, video)
    client.videos.download_content(video.id).write_to_file(tmp_path / "theirs.mp4")

    assert video.progress == 100
    assert gateway.paid == 1
    (task,) = gateway.creates[0].tasks
    assert task.fetched_whole
    with ChainHub(base_url=gateway.url, api_key="sandbox") as hub:
        ours = hub.videos.download(
            hub.videos.wait(video.id, format="openai"), tmp_path / "ours.mp4"
        )
    assert ours.path.read_bytes() == (tmp_path / "theirs.mp4").read_bytes()
    assert ours.sha256 == task.sha256


def test_what_its_user_must_give(sdk: Sdk, gateway: Sandbox) -> None:
    """What the SDK can leave out and the vendor's page requires is refused by name, and costs nothing."""
    import openai

    client = sdk(gateway.url)
    for missing in ("model", "seconds", "size", "input_reference"):
        with pytest.raises(
            openai.BadRequestError, match=f"{missing}: the field is missing"
        ) as caught:
            create(client, **{missing: None})
        assert caught.value.param == missing
    assert gateway.paid == 0


def test_its_poll_keeps_to_the_hint(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    """`create_and_poll` pauses for as long as `openai-poll-after-ms` says, until the task is completed."""
    clock = VirtualClock(start=datetime(2026, 1, 1, tzinfo=UTC))
    paused = sleep_on(clock, monkeypatch)
    with Sandbox(fast=True, pace=MINUTE, poll_after_ms=120_000, clock=clock) as gateway:
        client = sdk(gateway.url)
        video = client.videos.create_and_poll(**FORM, input_reference=KITTEN)
        assert video.status == "completed"
        assert paused == [2 * MINUTE, 2 * MINUTE]
        assert [one.step for one in gateway.requests] == ["create", "query", "query", "query"]
        assert client.videos.download_content(video.id).content[4:8] == b"ftyp"


def test_its_poll_takes_an_unknown_word_for_the_end(
    sdk: Sdk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/openai-sdk.md warns, the SDK's poll returns too early: at `processing`, a documented word."""
    clock = VirtualClock(start=datetime(2026, 1, 1, tzinfo=UTC))
    sleep_on(clock, monkeypatch)
    with Sandbox(fast=True, pace=MINUTE, clock=clock) as gateway:
        video = sdk(gateway.url).videos.create_and_poll(**FORM, input_reference=KITTEN)
    assert video.status == "processing"


def sleep_on(clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Have the SDK's poll pause on a clock of ours, for which it has no option; return its pauses, in seconds."""
    from openai import _resource

    paused: list[float] = []

    def sleep(_: object, seconds: float) -> None:
        paused.append(seconds)
        clock.sleep(seconds)

    async def sleep_async(_: object, seconds: float) -> None:
        paused.append(seconds)
        await clock.sleep_async(seconds)

    monkeypatch.setattr(_resource.SyncAPIResource, "_sleep", sleep)
    monkeypatch.setattr(_resource.AsyncAPIResource, "_sleep", sleep_async)
    return paused


def test_its_errors(sdk: Sdk) -> None:
    """Each refusal becomes the SDK's own error for it, with the gateway's word for the cause."""
    import openai

    with Sandbox(fast=True, pace=MINUTE) as gateway:
        stranger = sdk(gateway.url, api_key="not the key")
        with pytest.raises(openai.AuthenticationError) as unknown_key:
            create(stranger)
        client = sdk(gateway.url, max_retries=0)
        with pytest.raises(openai.BadRequestError) as unknown_task:
            client.videos.retrieve("video_nobody-knows")
        with pytest.raises(openai.NotFoundError) as unknown_content:
            client.videos.download_content("video_nobody-knows")
        running = create(client)
        with pytest.raises(openai.BadRequestError, match="not completed yet") as too_early:
            client.videos.download_content(running.id)
        with pytest.raises(openai.InternalServerError) as unknown_model:
            create(client, model="dall-e-3")
        assert gateway.paid == 1
    errors = (unknown_key, unknown_task, unknown_content, too_early, unknown_model)
    assert [error.value.code for error in errors] == [
        "invalid_api_key",
        "task_not_exist",
        "task_not_found",
        "task_not_completed",
        "model_not_found",
    ]
    assert all(error.value.response.headers["X-Oneapi-Request-Id"] for error in errors)


def test_a_failed_task_is_told(sdk: Sdk) -> None:
    """The SDK ends its waiting when the task has failed, and has the reason."""
    with Sandbox(fast=True) as gateway:
        client = sdk(gateway.url)
        running = create(client)
        gateway.fail(running.id, reason="the prompt was refused")
        failed = client.videos.poll(running.id)
    assert failed.status == "failed"
    assert failed.error.message == "the prompt was refused"


def test_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example for users of the SDK does what it says, without a warning of its own."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_path(str(KITTEN.with_name("openai_sdk.py")), run_name="__main__")
    assert (tmp_path / "kitten.mp4").read_bytes()[4:8] == b"ftyp"
    told = capsys.readouterr()
    assert "1 create" in told.out
    assert told.err == ""
