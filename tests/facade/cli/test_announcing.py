"""What is said, and asked, before money is spent anywhere but at a gateway on this machine."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox, VirtualClock
from chainhub_video.cli.announcing import is_loopback
from chainhub_video.receipts.receipt import fingerprint_of
from chainhub_video.runtime import using

from tests.support.places import KITTEN

from .conftest import Ends
from .terminal import in_terminal, lines_of

VEO = ("--model", "veo_3_1", "--size", "1280x720", "--seconds", "8", "--image", KITTEN)
GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")
LINK = "https://user:secret@example.invalid/fish.png?signature=secret"
PRODUCTION = "https://api.chainhub.tech"


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Production, behind a proxy that is not there: a create is refused before it leaves."""
    with socket.socket() as unused, using(clock=VirtualClock()):
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused.getsockname()[1]}")
        monkeypatch.setenv("CHAINHUB_API_KEY", "not-a-real-key")
        monkeypatch.delenv("CHAINHUB_BASE_URL", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        yield


@pytest.mark.parametrize("command", ["create", "generate"])
@pytest.mark.usefixtures("unreachable")
def test_a_script_is_told_once_and_goes_on(here: Ends, command: str) -> None:
    """Where nobody is there to answer: one line with the model, what is asked for, and where; then it is sent."""
    output = ("-o", "out.mp4") if command == "generate" else ()
    for arguments, words in (
        (VEO, f"veo_3_1, 1280x720, 8 s, picture {KITTEN}"),
        ((*GROK, "--image", LINK, "--image", LINK),
         "grok-video-3, 720P, 1:1, pictures https://example.invalid/fish.png, https://example.invalid/fish.png"),
    ):  # fmt: skip
        status, told, said = here(command, "a kitten", *arguments, *output)
        assert (status, told) == (1, [])
        assert said[0] == f"about to pay for 1 video: {words}, at {PRODUCTION}"
        assert len(said) == 2
        assert "nothing was sent" in said[1]
    assert list(Path().glob("*.json")) == []


@pytest.mark.usefixtures("unreachable")
def test_quiet_says_nothing_of_it(here: Ends) -> None:
    """With --quiet the failure alone is told."""
    _, _, said = here("create", "a kitten", *VEO, "--quiet")
    assert len(said) == 1


@pytest.mark.usefixtures("unreachable")
def test_what_is_paid_already_is_not_announced(here: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receipt whose video is there ends in the result: nothing is about to be paid."""
    with Sandbox(fast=True) as gateway, monkeypatch.context() as local:
        local.setenv("CHAINHUB_BASE_URL", gateway.url)
        local.setenv("CHAINHUB_API_KEY", "sandbox")
        assert here("generate", "a kitten", *GROK, "-o", "out.mp4", "-q")[0] == 0
    path = Path("out.mp4.task.json")
    receipt = json.loads(path.read_text("utf-8"))
    receipt["request"]["gateway"] = PRODUCTION
    receipt["fingerprint"] = fingerprint_of(receipt["request"])
    path.write_text(json.dumps(receipt), "utf-8")
    status, told, said = here("generate", "a kitten", *GROK, "-o", "out.mp4")
    assert (status, len(told), said) == (0, 1, [])


@pytest.mark.parametrize("answer", ["n\n", "\x04"])
def test_a_person_is_asked_and_only_yes_pays(
    environment: dict[str, str], tmp_path: Path, answer: str
) -> None:
    """On a terminal `no` and the end of input send nothing, leave no receipt, and end with status 2."""
    del environment["CHAINHUB_BASE_URL"]
    arguments = ["generate", "a kitten", *VEO, "-o", "out.mp4"]
    status, told, screen = in_terminal(arguments, environment, tmp_path, types=answer)
    assert (status, told) == (2, ""), screen
    lines = lines_of(screen)
    assert (
        f"about to pay for 1 video: veo_3_1, 1280x720, 8 s, picture {KITTEN}, at {PRODUCTION}"
        in lines
    )
    assert any(line.startswith("go on? [y/N]") for line in lines)
    assert lines[-1] == "chainhub-video: not agreed to: nothing was sent"
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_at_the_question(environment: dict[str, str], tmp_path: Path) -> None:
    """Exit status 130, one line, which says that nothing was sent, and no receipt."""
    del environment["CHAINHUB_BASE_URL"]
    arguments = ["generate", "a kitten", *VEO, "-o", "out.mp4"]
    status, _, screen = in_terminal(arguments, environment, tmp_path, interrupted_at="[y/N]")
    assert status == 130, screen
    assert lines_of(screen)[-1] == "chainhub-video: interrupted; nothing was sent"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("types", "options"), [("y\n", ()), ("", ("--yes",))])
def test_yes_goes_on(
    environment: dict[str, str], tmp_path: Path, types: str, options: tuple[str, ...]
) -> None:
    """Typed, or given as an option, which asks nothing: the create is tried; here no proxy takes it."""
    del environment["CHAINHUB_BASE_URL"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        environment["HTTPS_PROXY"] = f"http://127.0.0.1:{unused.getsockname()[1]}"
        status, _, screen = in_terminal(
            ["create", "a kitten", *VEO, *options], environment, tmp_path, types=types
        )
    assert status == 1, screen
    assert ("go on?" in screen) is (not options)
    assert "about to pay for 1 video" in screen
    assert "could not be reached" in " ".join(lines_of(screen))


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
