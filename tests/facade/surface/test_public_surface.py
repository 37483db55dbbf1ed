"""What others may rely on changes only together with the accepted list of it."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chainhub_video
import pytest
import typer
from chainhub_sandbox import Sandbox
from chainhub_video import ChainHub, RateLimited, RetryPolicy, ServerError, TaskStatus, VideoTask
from chainhub_video.async_videos import AsyncVideos
from chainhub_video.cli.app import app
from chainhub_video.videos import Videos

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


def _new_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chainhub_video, "Extra", "str | bytes", raising=False)
    patch.setattr(chainhub_video, "__all__", [*chainhub_video.__all__, "Extra"])


def _lost_name(patch: pytest.MonkeyPatch) -> None:
    kept = [name for name in chainhub_video.__all__ if name != "APIError"]
    patch.setattr(chainhub_video, "__all__", kept)


def _default_of_the_client(patch: pytest.MonkeyPatch) -> None:
    defaults = ChainHub.__init__.__kwdefaults__
    assert defaults is not None
    patch.setitem(defaults, "inline_images", True)


def _default_of_a_call(patch: pytest.MonkeyPatch) -> None:
    signature = inspect.signature(Videos.wait)
    new = [p.replace(default=60) if p.name == "timeout" else p for p in signature.parameters.values()]  # fmt: skip
    patch.setattr(Videos.wait, "__signature__", signature.replace(parameters=new), raising=False)


def _positional(patch: pytest.MonkeyPatch) -> None:
    signature = inspect.signature(AsyncVideos.create)
    new = [
        p.replace(kind=p.POSITIONAL_OR_KEYWORD) if p.name == "model" else p
        for p in signature.parameters.values()
    ]
    patch.setattr(
        AsyncVideos.create, "__signature__", signature.replace(parameters=new), raising=False
    )


def _type(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(RetryPolicy.__init__.__annotations__, "first", "int")


def _field(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(VideoTask, "done")


def _error_tree(patch: pytest.MonkeyPatch) -> None:
    other = type("RateLimited", (ServerError,), {"__module__": RateLimited.__module__})
    patch.setattr(chainhub_video, "RateLimited", other)


def _member(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TaskStatus.FAILED, "_value_", "broken")


def _sandbox(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(Sandbox, "url")


def _option(patch: pytest.MonkeyPatch) -> None:
    original = typer.main.get_command

    def changed(application: typer.Typer) -> Any:
        program: Any = original(application)
        (option,) = (o for o in program.commands["resume"].params if "--timeout" in o.opts)
        option.default = 5
        return program

    patch.setattr(typer.main, "get_command", changed)


def _command(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(app, "registered_commands", app.registered_commands[1:])


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (_new_name, ["+Extra = str | bytes"]),
        (_lost_name, ["-class APIError(ChainHubError)"]),
        (_default_of_the_client, ["-        inline_images: bool = False", "+        inline_images: bool = True"]),
        (_default_of_a_call, ["-    timeout: float | None = 1200", "+    timeout: float | None = 60"]),
        (_positional, ["-    *"]),
        (_type, ["-        first: float = 0.5", "+        first: int = 0.5"]),
        (_field, ["-    done -> bool"]),
        (_error_tree, ["-class RateLimited(APIError)", "+class RateLimited(ServerError)"]),
        (_member, ["-    FAILED = 'failed'", "+    FAILED = 'broken'"]),
        (_sandbox, ["-    url -> str"]),
        (_option, ["-    --timeout: float = 1200", "+    --timeout: float = 5"]),
        (_command, ["-generate"]),
    ],
)  # fmt: skip
def test_a_change_is_shown_with_the_way_to_accept_it(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None], lines: list[str]
) -> None:
    """Each kind of change gives a diff that says what was and what is, the command that accepts it, and a reminder."""
    change(monkeypatch)
    told = changes().splitlines()
    for line in lines:
        assert line in told
    assert "    .venv/bin/python -m tests.facade.surface.accept" in told
    assert "CHANGELOG.md" in told[-1]


def test_the_accepted_surface_can_be_read(tmp_path: Path) -> None:
    """Nothing in it changes from run to run or from machine to machine."""
    text = ACCEPTED.read_text()
    assert "0x" not in text
    assert str(ROOT) not in text
    assert str(tmp_path.anchor + "usr") not in text
