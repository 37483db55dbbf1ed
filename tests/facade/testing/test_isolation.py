"""What a test with a sandbox keeps to itself: its clients, its environment, its gateway."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, ConfigurationError
from chainhub_video.testing import sandboxed

UNIFIED: dict[str, Any] = {"model": "grok-video-3", "aspect_ratio": "3:2"}


def test_clients_are_kept_to_the_sandbox(chainhub_sandbox: Sandbox, tmp_path: Path) -> None:
    """A client that was told another address, or was closed, sends nothing at all, and leaves no receipt of it."""
    with ChainHub(base_url="https://api.chainhub.tech", api_key="real") as hub:
        with pytest.raises(
            ConfigurationError, match="all clients of this process are kept to http://127"
        ):
            hub.videos.generate("A kitten", **UNIFIED, save_to=tmp_path / "k.mp4")
        with pytest.raises(ConfigurationError, match="CHAINHUB_BASE_URL"):
            hub.videos.retrieve("grok:1")
    with pytest.raises(ConfigurationError, match="has been closed"):
        hub.videos.generate("A kitten", **UNIFIED, save_to=tmp_path / "k.mp4")
    assert chainhub_sandbox.requests == []
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside, key and address are the sandbox's and no spending limit counts; outside, all is as it was."""
    ours = {
        "CHAINHUB_API_KEY": "mine",
        "CHAINHUB_BASE_URL": "https://mine.test",
        "CHAINHUB_MAX_CREATES": "0",
    }
    for name, text in ours.items():
        monkeypatch.setenv(name, text)
    with sandboxed() as gateway, ChainHub() as hub:
        assert os.environ["CHAINHUB_BASE_URL"] == gateway.url
        assert hub.videos.create("x", **UNIFIED).id
    assert {name: os.environ[name] for name in ours} == ours
