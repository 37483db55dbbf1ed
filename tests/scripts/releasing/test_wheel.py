"""The built wheel, alone: what it needs, and that it makes a video."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from tests.support.wheels import environment

CORE = {
    "anyio", "attrs", "certifi", "h11", "httpcore", "httpx", "idna", "python-dateutil", "tzdata",
}  # fmt: skip
VIDEO_TASK = """
import json, sys
from chainhub_video import ChainHub
with ChainHub() as hub:
    video = hub.videos.generate(
        "x", model="grok-video-3", aspect_ratio="1:1", save_to=sys.argv[1]
    )
print(json.dumps({"size": video.size, "status": video.task.status}))
"""
ASKED = """
from chainhub_video import ChainHub, ConfigurationError
with ChainHub(api_key="k", base_url="https://gateway.invalid") as hub:
    try:
        hub.videos.retrieve("video_1")
    except ConfigurationError as error:
        print(error)
"""
INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps([d.name.lower() for d in distributions()]))
"""


@pytest.fixture(scope="module")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, its dependencies and nothing else: no extra, no test package."""
    return environment(wheel, tmp_path_factory.mktemp("bare"))


def test_core_needs_three_packages_and_theirs(bare_python: Path) -> None:
    """Without extras an installation is httpx, attrs, python-dateutil and what they need."""
    names = set(json.loads(output_of(bare_python, "-c", INSTALLED)))

    assert names - {"pip", "setuptools", "typing_extensions"} == {*CORE, "chainhub-video"}


def test_socks_without_its_extra_names_it(bare_python: Path) -> None:
    """Where only the core is installed, a SOCKS proxy in the environment is told with the extra that it needs."""
    told = output_of(bare_python, "-W", "error", "-c", ASKED, ALL_PROXY="socks5://127.0.0.1:9")

    assert told.startswith("ALL_PROXY is 'socks5://127.0.0.1:9', and SOCKS proxies need one more")
    assert 'pip install "chainhub-video[socks]"' in told


def test_core_makes_a_video_without_extras(bare_python: Path, tmp_path: Path) -> None:
    """The installed wheel takes a task from create to file, against a sandbox outside of it."""
    with Sandbox(fast=True) as gateway:
        answer = output_of(
            bare_python,
            *("-W", "error", "-c", VIDEO_TASK, tmp_path / "out.mp4"),
            CHAINHUB_API_KEY="sandbox",
            CHAINHUB_BASE_URL=gateway.url,
        )
        assert gateway.paid == 1

    assert json.loads(answer) == {
        "size": (tmp_path / "out.mp4").stat().st_size,
        "status": "completed",
    }


def test_command_without_its_extra_names_it(bare_python: Path) -> None:
    """The installed command without Typer is one line and exit status 2."""
    done = subprocess.run(
        [bare_python.with_name("chainhub-video"), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert 'pip install "chainhub-video[cli]"' in done.stderr


def output_of(python: Path, *arguments: object, **environment: str) -> str:
    """Run the bare environment's Python, with nothing else in its environment variables."""
    done = subprocess.run(
        [python, *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
