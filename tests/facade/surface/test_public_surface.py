"""What others may rely on changes only together with the accepted list of it."""

from __future__ import annotations

import difflib

import chainhub_video
import pytest
from chainhub_video import ChainHub

from tests.support.places import ROOT

from .describing import ACCEPTED, described

REMINDER = (
    "\n\nThe public surface is not the accepted one. If that is meant, accept it with\n"
    "    .venv/bin/python -m tests.facade.surface.accept\n"
    "and tell about it in CHANGELOG.md: somebody's program may need a change."
)


def changes() -> str:
    """Return what differs from the accepted surface, as a diff with the lines around it; "" if nothing does."""
    before, after = ACCEPTED.read_text(), described()
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "accepted", "now", lineterm="", n=2
    )
    diff = "\n".join(lines)
    return f"\n{diff}{REMINDER}" if diff else ""


def test_the_surface_is_the_accepted_one() -> None:
    """Names, signatures with types and defaults, errors, members, options and fixtures are those that were accepted."""
    if found := changes():
        pytest.fail(found, pytrace=False)


def test_a_change_is_shown_with_the_way_to_accept_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that went and a default that changed give a diff of what was and what is, and the command."""
    kept = [name for name in chainhub_video.__all__ if name != "APIError"]
    monkeypatch.setattr(chainhub_video, "__all__", kept)
    defaults = ChainHub.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "inline_images", True)
    told = changes().splitlines()
    for line in (
        "-class APIError(ChainHubError)",
        "-        inline_images: bool = False",
        "+        inline_images: bool = True",
        "    .venv/bin/python -m tests.facade.surface.accept",
    ):
        assert line in told
    assert "CHANGELOG.md" in told[-1]


def test_the_accepted_surface_can_be_read() -> None:
    """Nothing in it changes from run to run or from machine to machine."""
    text = ACCEPTED.read_text()
    assert "0x" not in text
    assert str(ROOT) not in text
    assert "/usr" not in text
