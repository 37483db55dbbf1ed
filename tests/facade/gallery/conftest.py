"""A folder in which everything has happened that can happen to a video, made by the real client in the sandbox."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox
from chainhub_sandbox.clips import Clip, render
from chainhub_video import ChainHub, ChainHubError, PollPolicy
from PIL import Image

LONG = "A kitten eats a fish at the window while the rain runs down the glass. " * 6
MARKUP = '<script>document.title = "hacked"</script> & <b onclick=x>bold</b> </script> "quoted"'
ODD = "odd #1 100%? \"q\" 'a' 🐱.mp4"
HEBREW = "חתול אוכל דג ליד החלון"
_SAVED = {
    "kitten.mp4": (LONG, "3:2"),
    ODD: (MARKUP, "1:1"),
    "sub/deep/hebrew.mp4": (HEBREW, "2:3"),
    "gone.mp4": ("This one was removed", "3:2"),
    "cut.mp4": ("This one was cut", "3:2"),
}


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A whole MP4 of two seconds."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    image = Image.linear_gradient("L").resize((200, 120)).convert("RGB")
    render(Clip(160, 90, 2, 4, "model", "prompt"), [image], path, lambda: False)
    return path.read_bytes()


@pytest.fixture(scope="session")
def happened(clip: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with videos and receipts in every state. Tests must not change it, but for its index.html."""
    folder = tmp_path_factory.mktemp("happened")
    poll = PollPolicy(first=0, interval=0.02)
    with (
        Sandbox(fast=True, pace=0.01) as gateway,
        ChainHub(base_url=gateway.url, api_key="sandbox", poll=poll) as hub,
    ):

        def make(name: str, prompt: str, ratio: str = "3:2", timeout: float = 60) -> None:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            hub.videos.generate(
                prompt, model="grok-video-3", aspect_ratio=ratio, save_to=target, timeout=timeout
            )

        for name, (prompt, ratio) in _SAVED.items():
            make(name, prompt, ratio)
        gateway.fault("create", "reset", moment="done")
        with contextlib.suppress(ChainHubError):
            make("lost answer.mp4", "Nobody knows whether this was paid")
        gateway.clear_faults()
        gateway.fault("query", "state", word="failed")
        with contextlib.suppress(ChainHubError):
            make("refused.mp4", "This one failed")
        gateway.clear_faults()
        gateway.hold()
        with contextlib.suppress(ChainHubError):
            make("under way.mp4", "This one takes long", timeout=0.3)
    (folder / "gone.mp4").unlink()
    cut = folder / "cut.mp4"
    cut.write_bytes(cut.read_bytes()[:-1000])
    (folder / "alone.MP4").write_bytes(clip)
    return folder
