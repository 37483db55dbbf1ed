"""A batch keeps its videos and receipts in a bucket, on a real S3 server, as it does in a folder."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import InvalidRequest
from chainhub_video.batch.places import place_of
from chainhub_video.cli.app import run as command

from tests.facade.objects.conftest import _server, s3
from tests.facade.objects.s3server import Application, Environ, S3Server, refusing, where

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
            digest = hashlib.sha256(video).hexdigest()
            assert (len(video), digest) == (result["size"], result["sha256"])
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
    s3.fault = where("PUT ", refusing("403 Forbidden", "AccessDenied"))
    before = gateway.paid
    with pytest.raises(InvalidRequest, match=r"s3://videos/nightly cannot be written to"):
        run(kittens(2), out=OUT)
    assert gateway.paid == before


def test_what_is_there_is_looked_at_side_by_side(run: Run, s3: S3Server, gateway: Sandbox) -> None:
    """The receipts of a bucket are read in pairs at least: each answer here waits for another question."""
    assert run(kittens(8), out=OUT).saved == 8
    both = threading.Barrier(2, timeout=20)

    def paired(environ: Environ, start: Any, server: Application) -> Iterable[bytes]:
        both.wait()
        return server(environ, start)

    s3.fault = where(r"GET .*\.task\.json[?]", paired)
    asked = len(gateway.requests)
    assert run(kittens(8), out=OUT).present == 8
    names = [name for name, _ in place_of(OUT).receipts()]
    assert names == [f"kitten-{number}" for number in range(1, 9)]
    assert len(gateway.requests) == asked


def test_the_command_downloads_into_a_bucket(
    run: Run,
    s3: S3Server,
    gateway: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It prints the address; one that cannot be is refused before the gateway is asked."""
    monkeypatch.setenv("CHAINHUB_API_KEY", "sandbox")
    monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
    assert run(kittens(1), out=OUT).saved == 1
    task = json.loads(s3.read("nightly/kitten-1.mp4.task.json"))["task"]["id"]
    assert command(["download", task, "-o", "s3://videos/again.mp4"]) == 0
    assert capsys.readouterr().out.startswith("s3://videos/again.mp4 (")
    assert s3.read("again.mp4") == s3.read("nightly/kitten-1.mp4")
    asked = len(gateway.requests)
    assert command(["download", task, "-o", "s3://videos/"]) == 2
    assert len(gateway.requests) == asked


@pytest.mark.parametrize("out", ["s3://", "s3://x", "ftp://host/folder", "s3://videos/../other"])
def test_an_address_of_no_bucket_is_refused(out: str) -> None:
    """In words that say what to give; a `Path` of an address, which has lost a slash, is that address."""
    assert place_of(Path(OUT)).name == OUT
    with pytest.raises(InvalidRequest, match=r"s3://|names no bucket|a part that is"):
        place_of(out)
