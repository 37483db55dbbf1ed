"""Both drivers, both formats, a scripted gateway, the sandbox, and real clips."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import VideoTask
from PIL import Image

from tests.support.colours import Colour
from tests.support.drivers import colour, wire
from tests.support.scripted import Gateway
from tests.support.surrounded import Surroundings, surrounded
from tests.support.videos import LINK, completed
from tests.support.wires import OPENAI, UNIFIED

__all__ = ["colour", "wire"]  # fixtures of others


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHAINHUB_API_KEY", "CHAINHUB_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A gateway that does what the test scripts, and must not be asked for anything else."""
    with Gateway() as gateway:
        yield gateway
    assert gateway.unscripted == []


@pytest.fixture
def elsewhere() -> Iterator[Gateway]:
    """Another origin: the host of links and pictures. It must never see the key."""
    with Gateway() as host:
        yield host
    assert host.unscripted == []
    assert not any(arrived.holds_key for arrived in host.arrived)


@pytest.fixture
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """A TLS gateway and a TLS host of pictures that only a proxy reaches."""
    with surrounded(tmp_path, monkeypatch) as around:
        yield around


@pytest.fixture
def hub(colour: Colour, gateway: Gateway) -> Any:
    """A client of the scripted gateway."""
    return colour.hub(gateway.url)


@pytest.fixture
def linked(elsewhere: Gateway) -> VideoTask:
    """A completed task whose video lies at another origin."""
    return completed(UNIFIED, f"{elsewhere.url}{LINK}?signature=s3cret")


@pytest.fixture
def content() -> VideoTask:
    """A completed task whose video the gateway itself gives."""
    return completed(OPENAI, None)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a video goes."""
    return tmp_path / "kitten.mp4"


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(fast=True, pace=0.01) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Iterator[Sandbox]:
    """A running sandbox; one for all tests, since a new one takes time."""
    leaks = _sandbox.key_leaks
    yield _sandbox
    assert _sandbox.key_leaks == leaks


def clip(path: Path, *, movflags: str = "", frames: int = 24) -> bytes:
    """A real MP4 of noise, so that it has some length, with a key frame every quarter of a second."""
    options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("libx264", rate=24, options={"g": "6", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        stream.time_base = Fraction(1, 24)
        for number in range(frames):
            make: Any = av.VideoFrame
            frame = make.from_image(Image.effect_noise((128, 72), 100).convert("RGB"))
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole MP4 with its index in front, so that a cut one still opens in a player."""
    return clip(tmp_path_factory.mktemp("clip") / "clip.mp4", movflags="faststart")


@pytest.fixture(scope="session")
def other_video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Another whole MP4, with its index at the end."""
    return clip(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=12)
