"""Every mistake ends in one line that names the thing and the next step, and costs nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

from .conftest import Run

VEO = ("--model", "veo_3_1", "--size", "1280x720")
GROK = ("--model", "grok-video-3", "--aspect-ratio", "3:2")


@pytest.fixture(autouse=True)
def places(tmp_path: Path) -> None:
    """Pictures and folders that cannot be used."""
    (tmp_path / "note.png").write_text("this is text\n")
    (tmp_path / "empty.png").touch()
    (tmp_path / "secret.png").write_bytes(KITTEN.read_bytes())
    (tmp_path / "secret.png").chmod(0)
    (tmp_path / "closed").mkdir(mode=0o555)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([*VEO, "--image", "missing.png"], ["missing.png", "exist"], id="no picture"),
        pytest.param([*VEO, "--image", "secret.png"], ["secret.png"], id="unreadable picture"),
        pytest.param([*VEO, "--image", "note.png"], ["note.png", "picture"], id="text as picture"),
        pytest.param([*VEO, "--image", "empty.png"], ["empty.png"], id="empty picture"),
        pytest.param([*VEO, "--image", "closed"], ["closed"], id="folder as picture"),
        pytest.param(VEO, ["veo_3_1", "picture"], id="picture forgotten"),
        pytest.param([*GROK, "--image", KITTEN], ["kitten.png", "inline"], id="not inline"),
        pytest.param(["--model", "veo_9"], ["veo_9", "veo_3_1", "grok-video-3"], id="model"),
        pytest.param([*GROK, "--format", "soap"], ["soap", "unified"], id="format"),
        pytest.param([*GROK, "--size", "8K"], ["8K", "720P"], id="size"),
        pytest.param([*VEO, "--image", KITTEN, "--seconds", "x"], ["seconds", "'x'"], id="seconds"),
        pytest.param([*GROK, "--timeout", "nan"], ["--timeout"], id="timeout"),
        pytest.param([*GROK, "--frobnicate"], ["--frobnicate", "generate --help"], id="option"),
        pytest.param([*GROK, "-o", "nowhere/out.mp4"], ["nowhere", "exist"], id="output folder"),
        pytest.param([*GROK, "-o", "closed"], ["closed", "folder"], id="output is a folder"),
        pytest.param([*GROK, "-o", "closed/o.mp4"], ["closed", "writable"], id="output closed"),
    ],
)
def test_local_mistakes_send_nothing(
    run: Run, gateway: Sandbox, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    """Exit status 2, one line, and the gateway hears nothing."""
    heard = len(gateway.requests)
    output = () if "-o" in arguments else ("-o", "out.mp4")

    done = run("generate", "a [red]kitten", *arguments, *output)

    assert_one_line(done.stderr, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(gateway.requests) == heard
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        pytest.param({"CHAINHUB_API_KEY": None}, ["CHAINHUB_API_KEY"], id="no key"),
        pytest.param(
            {"CHAINHUB_BASE_URL": "http://gateway.example"},
            ["http://gateway.example", "https"],
            id="plain http",
        ),
        pytest.param({"CHAINHUB_BASE_URL": "gateway"}, ["'gateway'", "https://"], id="address"),
    ],
)
def test_wrong_settings_send_nothing(
    run: Run, gateway: Sandbox, settings: dict[str, str | None], words: list[str]
) -> None:
    """Exit status 2 and one line, before anything leaves."""
    heard = len(gateway.requests)

    done = run("generate", "x", *GROK, "-o", "out.mp4", **settings)

    assert_one_line(done.stderr, *words)
    assert done.returncode == 2
    assert len(gateway.requests) == heard


def test_an_output_is_left_out(run: Run, gateway: Sandbox) -> None:
    """The option that is missing is named, with where to read about it."""
    heard = len(gateway.requests)

    done = run("generate", "x", *GROK)

    assert_one_line(done.stderr, "--output", "chainhub-video generate --help")
    assert done.returncode == 2
    assert len(gateway.requests) == heard


def test_a_wrong_key_is_a_failure_without_the_key(run: Run) -> None:
    """The gateway's 401 is exit status 1, and the line does not show the key."""
    done = run("generate", "x", *GROK, "-o", "out.mp4", CHAINHUB_API_KEY="not-the-key")

    assert_one_line(done.stderr, "CHAINHUB_API_KEY", "401")
    assert done.returncode == 1
    assert "not-the-key" not in done.stderr


def test_a_gateway_that_is_not_there(run: Run) -> None:
    """A refused connection is exit status 1, and the line names the address."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        done = run("status", "video_1", CHAINHUB_BASE_URL=url)

    assert_one_line(done.stderr, url)
    assert done.returncode == 1


def test_markup_in_an_id_stays_text(run: Run) -> None:
    """Brackets in an id reach the message as they are."""
    done = run("status", "video_[bold]x[/bold]")

    assert_one_line(done.stderr, "video_[bold]x[/bold]")
    assert done.returncode == 1


@pytest.mark.parametrize("length", [230, 300, 5000])
def test_a_long_id_is_asked_for_like_any_other(run: Run, length: int) -> None:
    """An id that no file could be called is no receipt: the gateway is asked."""
    done = run("status", "video_" + "x" * length)

    assert_one_line(done.stderr, "does not know this task", "video_xxx")
    assert done.returncode == 1


def test_download_checks_the_output_before_it_waits(run: Run, gateway: Sandbox) -> None:
    """A missing folder is refused at once, not after minutes."""
    heard = len(gateway.requests)

    done = run("download", "video_1", "-o", "nowhere/out.mp4")

    assert_one_line(done.stderr, "nowhere")
    assert done.returncode == 2
    assert len(gateway.requests) == heard


def assert_one_line(text: str, *words: str) -> None:
    """Fail unless the text is one line of the command's that has all the words."""
    (line,) = text.splitlines()
    assert line.startswith("chainhub-video: ")
    for word in words:
        assert word in line
