"""What is said, and asked, before money is spent anywhere but at a gateway on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox, VirtualClock
from chainhub_video.cli.announcing import is_loopback
from chainhub_video.cli.app import run
from chainhub_video.receipts.receipt import fingerprint_of
from chainhub_video.runtime import using

from tests.support.places import KITTEN

from .command import Command
from .conftest import GROK
from .terminal import at_terminal, in_terminal, lines_of

VEO = ("--model", "veo_3_1", "--size", "1280x720", "--seconds", "8", "--image", KITTEN)
LINK = "https://user:secret@example.invalid/fish.png?signature=secret"
PRODUCTION = "https://api.chainhub.tech"
ANNOUNCED = f"about to pay for 1 video: veo_3_1, 1280x720, 8 s, picture {KITTEN}, at {PRODUCTION}"


@pytest.fixture
def unreachable(bare: Command) -> Iterator[Command]:
    """The command with production behind a proxy that is not there: a create is refused before it leaves."""
    with socket.socket() as unused, using(clock=VirtualClock()):
        unused.bind(("127.0.0.1", 0))
        bare.set(
            HTTPS_PROXY=f"http://127.0.0.1:{unused.getsockname()[1]}",
            CHAINHUB_API_KEY="not-a-real-key",
        )
        yield bare


@pytest.mark.parametrize("name", ["create", "generate"])
def test_a_script_is_told_once_and_goes_on(unreachable: Command, name: str) -> None:
    """Where nobody is there to answer: one line with the model, what is asked for, and where; then it is sent."""
    output = ("-o", "out.mp4") if name == "generate" else ()
    pictures = "https://example.invalid/fish.png, https://example.invalid/fish.png"
    grok = f"about to pay for 1 video: grok-video-3, 720P, 1:1, pictures {pictures}, at {PRODUCTION}"  # fmt: skip
    for arguments, announced in ((VEO, ANNOUNCED), ((*GROK, "--image", LINK, "--image", LINK), grok)):  # fmt: skip
        status, told, (first, second) = unreachable(name, "a kitten", *arguments, *output)
        assert (status, told, first) == (1, [], announced)
        assert "nothing was sent" in second
    assert "nothing was sent" in unreachable(name, "a kitten", *VEO, *output, "--quiet").line
    assert list(Path().iterdir()) == []


def test_what_is_paid_already_is_not_announced(unreachable: Command) -> None:
    """A receipt whose video is there ends in the result: nothing is about to be paid; `--quiet` tells nothing else."""
    generate = ("generate", "a kitten", *GROK, "-o", "out.mp4")
    with Sandbox(fast=True) as gateway:
        unreachable.set(CHAINHUB_BASE_URL=gateway.url, CHAINHUB_API_KEY="sandbox")
        status, told, said = unreachable(*generate, "--quiet")
        assert (status, len(told), said) == (0, 1, [])
    path = Path("out.mp4.task.json")
    receipt = json.loads(path.read_text("utf-8"))
    receipt["request"]["gateway"] = PRODUCTION
    receipt["fingerprint"] = fingerprint_of(receipt["request"])
    path.write_text(json.dumps(receipt), "utf-8")
    unreachable.environment.delenv("CHAINHUB_BASE_URL")
    status, told, said = unreachable(*generate)
    assert (status, len(told), said) == (0, 1, [])


@pytest.mark.parametrize(
    ("types", "options", "status", "end"),
    [
        ("y\n", (), 1, "could not be reached"),
        ("\x04", ("--yes",), 1, "could not be reached"),
        ("n\n", (), 2, "chainhub-video: not agreed to: nothing was sent"),
        ("\x04", (), 2, "chainhub-video: not agreed to: nothing was sent"),
    ],
)
@pytest.mark.usefixtures("unreachable")
def test_a_person_is_asked_and_only_yes_pays(
    monkeypatch: pytest.MonkeyPatch, types: str, options: tuple[str, ...], status: int, end: str
) -> None:
    """At a terminal `y` goes on, here to no proxy, `n` and the end of input do not, and `--yes` asks nothing."""
    with at_terminal(monkeypatch, types) as screen:
        assert run(["generate", "a kitten", *map(str, VEO), "-o", "out.mp4", *options]) == status
    lines = lines_of(screen[0])
    assert any(line.startswith("go on? [y/N]") for line in lines) is (not options)
    assert ANNOUNCED in lines
    assert end in " ".join(lines)
    assert list(Path().iterdir()) == []


def test_ctrl_c_at_the_question(environment: dict[str, str], tmp_path: Path) -> None:
    """Exit status 130, one line, which says that nothing was sent, and no receipt."""
    del environment["CHAINHUB_BASE_URL"]
    arguments = ["generate", "a kitten", *VEO, "-o", "out.mp4"]
    status, told, screen = in_terminal(
        arguments, environment, tmp_path, asked="[y/N]", interrupted=True
    )
    assert (status, told) == (130, ""), screen
    assert lines_of(screen)[-1].endswith("chainhub-video: interrupted; nothing was sent")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("gateway", "local"),
    [
        ("http://127.0.0.1:8787", True),
        ("http://localhost", True),
        ("http://[::1]:8787/v", True),
        ("https://127.0.0.2", True),
        ("https://10.0.0.1", False),
        ("https://localhost.example", False),
        (PRODUCTION, False),
    ],
)
def test_only_this_machine_is_a_place_for_trying_out(gateway: str, local: bool) -> None:
    """Loopback costs nothing; an address of the local network may."""
    assert is_loopback(gateway) is local
