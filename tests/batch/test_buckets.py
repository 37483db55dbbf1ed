"""A batch keeps its videos and receipts in a bucket, on a real S3 server, as it does in a folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import InvalidRequest
from chainhub_video.batch.places import place_of
from chainhub_video.cli.app import run as command

from tests.objects.conftest import _server, s3
from tests.objects.s3server import Application, Environ, S3Server, refuse

from .conftest import Run, kittens

__all__ = ["_server", "s3"]  # fixtures of others

OUT = "s3://videos/nightly"


def test_a_bucket_is_the_state(
    run: Run, s3: S3Server, gateway: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each row is paid for once, its object is whole, and running it again sends nothing."""
    before = gateway.paid
    report = run(kittens(6), out=OUT)
    assert (report.saved, report.creates, report.ok) == (6, 6, True)
    keys = s3.keys()
    assert len(keys) == 12
    for key in keys:
        if key.endswith(".task.json"):
            result = json.loads(s3.read(key))["result"]
            video = s3.read(key.removesuffix(".task.json"))
            assert (len(video), hashlib.sha256(video).hexdigest()) == (
                result["size"],
                result["sha256"],
            )
    again = run(kittens(6), out=f"{OUT}/")
    assert (again.present, again.creates) == (6, 0)
    assert gateway.paid - before == 6
    capsys.readouterr()
    assert command(["batch", "status", OUT]) == 0
    assert "6 receipts: 6 saved" in capsys.readouterr().out
    assert command(["status", f"{OUT}/{Path(keys[0]).name}"]) == 0
    assert "saved since" in capsys.readouterr().out


def test_a_bucket_that_refuses_costs_nothing(
    run: Run, s3: S3Server, gateway: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without permission to write nothing is sent, and the error names the bucket."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")  # what was found out about a bucket is kept

    def forbidden(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT":
            return refuse(start, "403 Forbidden", "AccessDenied")
        return server(environ, start)

    s3.fault = forbidden
    before = gateway.paid
    with pytest.raises(InvalidRequest, match=r"s3://videos/nightly cannot be written to"):
        run(kittens(2), out=OUT)
    assert gateway.paid == before


@pytest.mark.parametrize("out", ["s3://", "s3://x", "ftp://host/folder", "s3://videos/../other"])
def test_an_address_of_no_bucket_is_refused(out: str) -> None:
    """In words that say what to give."""
    with pytest.raises(InvalidRequest, match=r"s3://|names no bucket|a part that is"):
        place_of(out)
