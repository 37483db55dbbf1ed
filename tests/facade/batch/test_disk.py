"""A disk that is full or fills up, and a manifest that is larger than what a process should hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, InvalidRequest

from tests.support.places import ROOT
from tests.support.small_disk import on_small_disk

from .conftest import Run, kittens

FILLING = """
import json, sys
from pathlib import Path
from chainhub_video import ChainHub
from tests.facade.batch.child import POLL
from tests.facade.batch.conftest import kittens

out = Path(sys.argv[1])

def fill(name, megabytes):
    with (out / name).open("wb", buffering=0) as file:
        try:
            for _ in range(16 * megabytes):
                file.write(bytes(1 << 16))
        except OSError:
            pass

def on_event(event):
    if event.kind == "update" and event.task.done and not (out / "filler").exists():
        fill("filler", 80)

def run():
    with ChainHub(base_url=sys.argv[2], api_key="sandbox", poll=POLL) as hub:
        report = hub.batch.run(kittens(6), out, concurrency=1, on_event=on_event)
    print(json.dumps({**report.to_json(), "messages": [each.message for each in report.failures]}))

fill("most", 70)
run()
(out / "most").unlink()
run()
(out / "filler").unlink()
(out / "filler").mkdir()
run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk as Linux does")
def test_a_full_disk_stops_the_batch_and_loses_nothing(gateway: Sandbox, tmp_path: Path) -> None:
    """Without room no create is sent; one that fills up stops further rows; with room each row is saved, paid once."""
    before, folder = gateway.paid, tmp_path / "small"
    done = subprocess.run(
        [*on_small_disk("80m", folder), sys.executable, "-c", FILLING, str(folder), gateway.url],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    without, full, again = map(json.loads, done.stdout.splitlines())
    assert "MB are free" in without["stopped"]
    assert (without["not_started"], without["creates"]) == (6, 0)
    assert re.search("disk is full|MB are free", full["stopped"])
    assert "No space left on device" in str(full["messages"])
    assert full["not_started"] >= 3
    assert (again["ok"], gateway.paid - before) == (True, 6), again


def test_an_output_that_is_no_folder_is_refused(run: Run, gateway: Sandbox, tmp_path: Path) -> None:
    """A file in its place, or a path that cannot be made, is named before anything is sent."""
    before = len(gateway.requests)
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(InvalidRequest, match=r"output folder .*file.*: choose another"):
            run(kittens(1), out=out)
    assert len(gateway.requests) == before


def test_a_large_manifest_is_not_held(tmp_path: Path) -> None:
    """Fourteen megabytes of rows are checked and looked at in a few: only a digest of each name is kept."""
    manifest = tmp_path / "rows.csv"
    with manifest.open("w") as file:
        file.write("prompt,model,aspect_ratio\n")
        for number in range(700):
            file.write(f"{number} {'kitten ' * 2900},grok-video-3,1:1\n")
    assert manifest.stat().st_size > 14_000_000

    with ChainHub(base_url="http://127.0.0.1:9", api_key="nobody") as hub:
        tracemalloc.start()
        try:
            report = hub.batch.run(manifest, tmp_path / "out", dry_run=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert report.planned == 700
    assert peak < 7_000_000
