"""Stores that refuse, are not there or do not answer: nothing is sent before that shows, and nothing paid is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from chainhub_video import (
    ChainHub,
    ConfigurationError,
    InvalidRequest,
    OutputFailed,
    ReceiptConflict,
    SubmissionUncertain,
)

from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED

from .s3server import BUCKET, S3Server, refusing, where

KEY = "cats/kitten.mp4"
RECEIPT = f"{KEY}.task.json"
URL = f"s3://{BUCKET}/{KEY}"


REFUSALS = {
    "denied": ("403 Forbidden", "AccessDenied", "access is denied: the credentials must be"),
    "busy": ("503 Slow Down", "SlowDown", "run it again later, or choose another place"),
    "wrong region": ("301 Moved Permanently", "PermanentRedirect", "set AWS_REGION"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_store_that_refuses_everything_costs_nothing(
    hub: Any, gateway: Gateway, s3: S3Server, kind: str
) -> None:
    """Before the create: an error that names the place and what to do, and nothing has been sent."""
    status, code, words = REFUSALS[kind]
    s3.fault = refusing(status, code)
    with pytest.raises(ReceiptConflict) as generated:
        UNIFIED.generate(hub, save_to=URL)
    with pytest.raises(ReceiptConflict) as resumed:
        hub.videos.resume(URL)
    for raised in (generated, resumed):
        assert URL in str(raised.value)
        assert words in str(raised.value)
    assert gateway.arrived == []
    assert len(s3.requests) < 30


@pytest.mark.parametrize(
    ("environment", "url", "words"),
    [
        pytest.param({}, "s3://nobody/kitten.mp4", "there is no such bucket", id="no bucket"),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9"},
            URL, "set those of the store, such as AWS_ACCESS_KEY_ID", id="no credentials",
        ),
        pytest.param({"AWS_ALLOW_HTTP": None}, URL, "set AWS_ALLOW_HTTP=true", id="plain http"),
        pytest.param(
            {"AZURE_STORAGE_ACCOUNT_NAME": None}, "az://cats/kitten.mp4", "set AZURE_STORAGE_ACCOUNT_NAME",
            id="no account",
        ),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("s3")
def test_surroundings_that_are_not_right_are_told_with_what_to_do(
    hub: Any, gateway: Gateway, environment: dict[str, str | None], url: str, words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What is wrong with the environment is told before anything is sent."""
    for name, text in environment.items():
        monkeypatch.delenv(name, raising=False)
        if text is not None:
            monkeypatch.setenv(name, text)
    with pytest.raises((ReceiptConflict, ConfigurationError), match=words):
        UNIFIED.generate(hub, save_to=url)
    assert gateway.arrived == []


def test_without_the_extra_the_error_names_it(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without obstore the message says what to install; the gateway, which nothing is scripted for, hears nothing."""
    monkeypatch.setenv("AWS_EXTRA", "a process without obstore")
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'chainhub-video\[cloud\]'"):
        UNIFIED.generate(hub, save_to=URL)


@pytest.mark.parametrize("kind", ["denied", "busy"])
def test_a_video_that_the_store_refuses_is_not_lost(
    hub: Any, gateway: Gateway, s3: S3Server, video: bytes, kind: str
) -> None:
    """The task is paid and its receipt says so; the same call, once the store is well, only downloads."""
    status, code, words = REFUSALS[kind]
    script(gateway, UNIFIED, video)
    s3.fault = where(f"PUT .*{KEY}[?]", refusing(status, code))
    with pytest.raises(OutputFailed) as raised:
        UNIFIED.generate(hub, save_to=URL)
    told = str(raised.value)
    assert words in told
    assert told.endswith(f"chainhub-video resume {URL}")
    assert raised.value.receipt == f"{URL}.task.json"
    assert json.loads(s3.read(RECEIPT))["task"]["id"] == UNIFIED.task_id
    s3.fault = None
    assert UNIFIED.generate(hub, save_to=URL).size == len(video)
    assert sent(gateway)[0] == 1


def test_a_receipt_that_the_store_refuses_after_the_create_leaves_the_claim(
    hub: Any, gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """The error has the paid task, and the claim keeps others from paying: its id can be given to the receipt."""
    busy = refusing("503 Slow Down", "SlowDown")
    script(gateway, UNIFIED, video, look=lambda: setattr(s3, "fault", busy))
    with pytest.raises(ReceiptConflict, match=f"{UNIFIED.task_id} is paid, but receipt {URL}"):
        UNIFIED.generate(hub, save_to=URL)
    s3.fault = None
    claim = json.loads(s3.read(RECEIPT))
    assert claim["state"] == "submitting"
    s3.put(RECEIPT, json.dumps({**claim, "expires": None}).encode())  # its time has passed
    script(gateway, UNIFIED, video)
    with pytest.raises(SubmissionUncertain):
        UNIFIED.generate(hub, save_to=URL)
    assert hub.videos.resume(URL, task_id=UNIFIED.task_id).size == len(video)
    assert sent(gateway)[0] == 1


_FORK = """
import os
from chainhub_video import ChainHub, ConfigurationError, VideoTask
with ChainHub(base_url="http://127.0.0.1:9", api_key="k") as hub:
    def save():
        task = VideoTask(id="video_1", format="openai", status="running", raw_status="running")
        try:
            hub.videos.download(task, "s3://videos/kitten.mp4")
        except ConfigurationError as error:
            return "spawn" in str(error)
        except Exception:
            return False
    assert not save()
    child = os.fork()
    if child == 0:
        os._exit(0 if save() else 1)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.usefixtures("s3")
def test_a_forked_process_is_told_and_does_not_hang() -> None:
    """What obstore would wait for in a child is not there: the child gets an error that says what to do."""
    done = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://videos", "folder"),
        ("s3://videos/", "folder"),
        ("s3://videos/cats/", "folder"),
        ("s3://videos/cats//kitten.mp4", "a part that is empty"),
        ("s3://videos/../kitten.mp4", "a part that is empty, a dot"),
        ("s3://videos/a\nb.mp4", "cannot be printed"),
        ("s3:///kitten.mp4", "names no bucket"),
        ("gs://a b/kitten.mp4", "names no bucket"),
        (f"s3://videos/{'x' * 1000}", "longer than an object's name"),
    ],
)
def test_an_address_of_nothing_is_refused(address: str, words: str) -> None:
    """What no object can be called is refused before anything is sent, and is no local file either."""
    with (
        Gateway() as gateway,
        ChainHub(base_url=gateway.url, api_key="the-key") as hub,
        pytest.raises(InvalidRequest, match=words),
    ):
        UNIFIED.generate(hub, save_to=address)
    assert gateway.arrived == []
