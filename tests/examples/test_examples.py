"""Every example runs as it is, against the sandbox: in its time where that can be, in an empty folder."""

from __future__ import annotations

import asyncio
import functools
import http.server
import json
import os
import re
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import ROOT

EXAMPLES = ROOT / "examples"
MP4 = b"ftyp"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(name: str) -> int:
    """Run an example in this process, and return its exit status."""
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def is_video(path: str) -> bool:
    """Return whether a file begins like an MP4."""
    return Path(path).read_bytes()[4:8] == MP4


def test_first_call(chainhub_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """It shows the states and saves the video; a second run pays nothing."""
    assert run("first_call.py") == 0
    assert "processing 31%" in capsys.readouterr().out
    assert run("first_call.py") == 0
    assert is_video("kitten.mp4")
    assert chainhub_sandbox.paid == 1


def test_fan_out(chainhub_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """Nineteen videos are saved although one create is refused; a second run pays for that one alone."""
    chainhub_sandbox.fault("create", "status", times=1, status=400, message="No dancing.")
    assert run("fan_out.py") == 1
    told = capsys.readouterr()
    assert "No dancing." in told.err
    assert len(told.out.splitlines()) == 19
    assert run("fan_out.py") == 0
    assert len(list(Path("animals").glob("*.mp4"))) == 20
    assert chainhub_sandbox.paid == 20


def test_resume_after_crash(
    chainhub_sandbox: Sandbox,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that has died leaves a paid task, which the next one saves for free."""
    monkeypatch.setattr(sys, "argv", ["resume_after_crash.py"])
    assert run("resume_after_crash.py") == 0
    told = capfd.readouterr().out
    assert (
        told.index("the process is dead") < told.index("resumed:") < told.index("nothing was sent")
    )
    assert is_video("crashed.mp4")
    assert chainhub_sandbox.paid == 1


def test_nightly(chainhub_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """The first night makes all, the second one nothing; a create of unknown outcome is told by the exit status."""
    chainhub_sandbox.fault("create", "cut", times=1)
    assert run("nightly.py") == 3
    assert "may have been paid" in capsys.readouterr().err
    assert run("nightly.py") == 3
    assert "0 made tonight, 4 there already" in capsys.readouterr().out
    assert chainhub_sandbox.paid == 5


def test_own_picture_host(
    chainhub_sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture lies in the published folder, and the gateway has fetched it from there."""
    published = tmp_path / "published"
    published.mkdir()
    serve = functools.partial(http.server.SimpleHTTPRequestHandler, directory=published)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        monkeypatch.setenv("PICTURES_FOLDER", str(published))
        monkeypatch.setenv("PICTURES_ADDRESS", f"http://127.0.0.1:{host.server_port}")
        monkeypatch.setattr(sys, "argv", ["own_picture_host.py"])
        assert run("own_picture_host.py") == 0
        host.shutdown()
    (picture,) = published.iterdir()
    assert picture.read_bytes() == (EXAMPLES / "kitten.png").read_bytes()
    body = chainhub_sandbox.creates[0].body or {}
    assert body["images"] == [f"http://127.0.0.1:{host.server_port}/{picture.name}"]
    assert is_video("hosted.mp4")


def test_fastapi_progress(chainhub_sandbox: Sandbox) -> None:
    """An order is started once, its progress streams, and its file is served; others are not found."""
    app = runpy.run_path(str(EXAMPLES / "fastapi_progress.py"))["app"]

    async def order() -> tuple[str, bytes, list[int]]:
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://shop") as client,
        ):
            asked = {"prompt": "A fox in the snow"}
            for _ in range(2):
                assert (await client.post("/orders/7", params=asked)).status_code == 202
            events = await client.get("/orders/7/events")
            video = await client.get("/orders/7.mp4")
            missing = [await client.get(path) for path in ("/orders/8/events", "/orders/x.mp4")]
            return events.text, video.content, [answer.status_code for answer in missing]

    events, video, missing = asyncio.run(order())
    shares = [float(share) for share in re.findall(r"event: progress\ndata: ([\d.]+)\n\n", events)]
    assert len(shares) > 3
    assert shares == sorted(shares)
    assert events.endswith("event: saved\ndata:\n\n")
    assert video[4:8] == MP4
    assert missing == [404, 422]
    assert chainhub_sandbox.paid == 1


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A hurried gateway for other processes, which have the time of this machine."""
    with Sandbox(fast=True) as gateway:
        monkeypatch.setenv("CHAINHUB_BASE_URL", gateway.url)
        monkeypatch.setenv("CHAINHUB_API_KEY", "sandbox")
        yield gateway


def test_notebook(soon: Sandbox, tmp_path: Path) -> None:
    """All cells run; the task is shown as a card, and the video as a player."""
    kept = (EXAMPLES / "notebook.ipynb").read_text()
    assert not any(cell.get("outputs") for cell in json.loads(kept)["cells"])
    Path("notebook.ipynb").write_text(kept)
    subprocess.run(
        [Path(sys.executable).with_name("jupyter-execute"), "--inplace", "notebook.ipynb"],
        check=True,
        timeout=120,
        env={**os.environ, "HOME": str(tmp_path), "JUPYTER_PLATFORM_DIRS": "1"},
    )
    cells = json.loads(Path("notebook.ipynb").read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    shown = ["".join(output["data"].get("text/html", "")) for output in outputs]
    assert any("<b>grok-video-3</b>" in html and "completed" in html for html in shown)
    assert any("<video" in html for html in shown)
    assert soon.paid == 1


def test_the_table_is_complete() -> None:
    """Each example is in the README of the folder."""
    table = (EXAMPLES / "README.md").read_text()
    kept = [path.name for path in EXAMPLES.iterdir() if path.suffix in (".py", ".ipynb", ".csv")]
    assert [name for name in [*kept, "shop"] if f"({name})" not in table] == []
