"""Whole jobs whose output is an object: paid once, saved whole, and resumed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.wires import Wire

from .s3server import BUCKET, S3Server

URL = f"s3://{BUCKET}/cats/kitten.mp4"
KEY = "cats/kitten.mp4"
RECEIPT = f"{KEY}.task.json"


def told(s3: S3Server) -> dict[str, Any]:
    """What the receipt says."""
    document: dict[str, Any] = json.loads(s3.read(RECEIPT))
    return document


def test_a_job_is_paid_once_and_lies_in_the_bucket(
    hub: Any, wire: Wire, gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """The object and its receipt are there, nothing else; the second run and a resume send nothing to the gateway."""
    script(gateway, wire, video)
    saved = wire.generate(hub, save_to=URL)
    assert (saved.url, saved.path, saved.size) == (URL, Path(BUCKET, KEY), len(video))
    assert s3.read(KEY) == video
    assert sorted(s3.keys()) == [KEY, RECEIPT]
    receipt = told(s3)
    assert receipt["state"] == "saved"
    assert receipt["result"]["sha256"] == saved.sha256
    assert sent(gateway) == (1, 1, 1)
    assert wire.generate(hub, save_to=URL) == hub.videos.resume(URL)
    assert sent(gateway) == (1, 1, 1)


def test_an_object_that_was_removed_is_downloaded_again(
    hub: Any, wire: Wire, gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """What is missing, or another object of the same size, is fetched again, and not paid again."""
    script(gateway, wire, video)
    wire.generate(hub, save_to=URL)
    s3.remove(KEY)
    assert wire.generate(hub, save_to=URL).size == len(video)
    s3.put(KEY, bytes(len(video)))
    assert hub.videos.resume(f"{URL}.task.json").size == len(video)
    assert s3.read(KEY) == video
    assert sent(gateway)[0] == 1
    assert sent(gateway)[2] == 3
