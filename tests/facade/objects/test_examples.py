"""The examples of docs/objects.md run as they stand, but for the bucket's name."""

from __future__ import annotations

import re
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub

from tests.support.places import ROOT

from .s3server import BUCKET

PAGE = ROOT / "docs" / "objects.md"


@pytest.mark.usefixtures("s3")
def test_the_examples_run(chainhub_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A video is made in a bucket, and its receipt is found below the prefix."""
    text = PAGE.read_text("utf-8").replace("s3://cats/", f"s3://{BUCKET}/")
    names: dict[str, Any] = {}
    with ChainHub() as names["hub"]:
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            exec(compile(block, str(PAGE), "exec"), names)
    assert capsys.readouterr().out.startswith(f"s3://{BUCKET}/2026/kitten.mp4 ")
    assert names["url"] == f"s3://{BUCKET}/2026/kitten.mp4"
    assert chainhub_sandbox.paid == 1
