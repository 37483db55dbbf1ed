"""Whole jobs whose output is an object: paid once, saved whole, and resumed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub

from tests.support.places import ROOT
from tests.support.receipted import script, sent
from tests.support.scripted import Gateway
from tests.support.wires import UNIFIED, Wire

from .s3server import BUCKET, S3Server

PAGE = ROOT / "docs" / "objects.md"
KEY = "cats/kitten.mp4"
URL = f"s3://{BUCKET}/{KEY}"
RECEIPT = f"{KEY}.task.json"


def test_a_job_is_paid_once_and_lies_in_the_bucket(
    hub: Any, wire: Wire, gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """The object and its receipt are there, nothing else; the second run and a resume send nothing to the gateway.

    An object that was removed, or replaced by another one of its size, is downloaded again, and not paid again.
    """
    script(gateway, wire, video)
    saved = wire.generate(
        hub, save_to=Path(URL)
    )  # a path takes a slash away: no folder is called s3:
    assert (saved.url, saved.path, saved.size) == (URL, Path(BUCKET, KEY), len(video))
    assert s3.read(KEY) == video
    assert sorted(s3.keys()) == [KEY, RECEIPT]
    receipt = json.loads(s3.read(RECEIPT))
    assert receipt["state"] == "saved"
    assert receipt["result"]["sha256"] == saved.sha256
    assert wire.generate(hub, save_to=URL) == hub.videos.resume(URL)
    assert sent(gateway) == (1, 1, 1)
    s3.remove(KEY)
    assert wire.generate(hub, save_to=URL).size == len(video)
    s3.put(KEY, bytes(len(video)))
    assert hub.videos.resume(f"{URL}.task.json").size == len(video)
    assert s3.read(KEY) == video
    assert (sent(gateway)[0], sent(gateway)[2]) == (1, 3)


def test_names_of_any_letters_are_kept(
    hub: Any, gateway: Gateway, s3: S3Server, video: bytes
) -> None:
    """Blanks, marks and other scripts stand in the bucket as they were given."""
    script(gateway, UNIFIED, video)
    name = "cats & dogs/Kätzchen 100% #1?+猫.mp4"
    saved = UNIFIED.generate(hub, save_to=f"s3://{BUCKET}/{name}")
    assert s3.read(name) == video
    assert saved.url == f"s3://{BUCKET}/{name}"
    assert hub.videos.resume(saved.url).sha256 == saved.sha256
    assert sent(gateway)[0] == 1


@pytest.mark.usefixtures("s3")
def test_the_examples_run(chainhub_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of docs/objects.md run as they stand, but for the bucket's name: a video, and its receipt is found."""
    text = PAGE.read_text("utf-8").replace("s3://cats/", f"s3://{BUCKET}/")
    names: dict[str, Any] = {}
    with ChainHub() as names["hub"]:
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            exec(compile(block, str(PAGE), "exec"), names)
    assert capsys.readouterr().out.startswith(f"s3://{BUCKET}/2026/kitten.mp4 ")
    assert names["url"] == f"s3://{BUCKET}/2026/kitten.mp4"
    assert chainhub_sandbox.paid == 1
