"""Every mistake ends in one line that names the thing and the next step, and costs nothing."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from chainhub_sandbox import Sandbox

from tests.support.places import KITTEN

from .command import Command
from .conftest import GROK, Run

VEO = ("--model", "veo_3_1", "--size", "1280x720")


def assert_all(words: list[str], line: str) -> None:
    """Fail unless a line has all the words."""
    assert [word for word in words if word not in line] == [], line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([*VEO, "--image", "missing.png"], ["missing.png", "exist"], id="no picture"),
        pytest.param([*VEO, "--image", "note.png"], ["note.png", "picture"], id="text as picture"),
        pytest.param([*VEO, "--image", "empty.png"], ["empty.png"], id="empty picture"),
        pytest.param([*VEO, "--image", "folder"], ["folder"], id="folder as picture"),
        pytest.param(VEO, ["veo_3_1", "picture"], id="picture forgotten"),
        pytest.param([*GROK, "--image", KITTEN], ["kitten.png", "inline"], id="not inline"),
        pytest.param(["--model", "veo_9"], ["veo_9", "veo_3_1", "grok-video-3"], id="model"),
        pytest.param([*GROK, "--format", "soap"], ["soap", "unified"], id="format"),
        pytest.param([*GROK, "--size", "8K"], ["8K", "720P"], id="size"),
        pytest.param([*VEO, "--image", KITTEN, "--seconds", "x"], ["seconds", "'x'"], id="seconds"),
        pytest.param([*GROK, "--timeout", "nan"], ["--timeout"], id="timeout"),
        pytest.param([*GROK, "--frobnicate"], ["--frobnicate", "generate --help"], id="option"),
        pytest.param([*GROK, "-o", "nowhere/out.mp4"], ["nowhere", "exist"], id="output folder"),
        pytest.param([*GROK, "-o", "folder"], ["folder"], id="output is a folder"),
    ],
)
def test_local_mistakes_send_nothing(
    command: Command, chainhub_sandbox: Sandbox, arguments: list[str], words: list[str]
) -> None:
    """Exit status 2, one line, and the gateway hears nothing."""
    Path("note.png").write_text("this is text\n")
    Path("empty.png").touch()
    Path("folder").mkdir()
    output = () if "-o" in arguments else ("-o", "out.mp4")
    assert_all(words, command.mistake("generate", "a [red]kitten", *arguments, *output))
    assert chainhub_sandbox.requests == []
    assert not Path("out.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([*VEO, "--image", "secret.png", "-o", "out.mp4"], ["secret.png"]),
        ([*GROK, "-o", "closed/o.mp4"], ["closed", "writable"]),
    ],
)
def test_what_permissions_forbid_sends_nothing(
    run: Run, sandbox: Sandbox, tmp_path: Path, arguments: list[str], words: list[str]
) -> None:
    """A picture that may not be read, and a folder that may not be written to: exit status 2 and one line."""
    (tmp_path / "secret.png").write_bytes(KITTEN.read_bytes())
    (tmp_path / "secret.png").chmod(0)
    (tmp_path / "closed").mkdir(mode=0o555)
    heard = len(sandbox.requests)
    done = run("generate", "x", *arguments)
    (line,) = done.stderr.splitlines()
    assert_all(words, line)
    assert (done.returncode, done.stdout, len(sandbox.requests)) == (2, "", heard)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        pytest.param("API_KEY", "", ["CHAINHUB_API_KEY"], id="no key"),
        pytest.param("BASE_URL", "http://gateway.example", ["http://gateway.example", "https"], id="plain http"),
        pytest.param("BASE_URL", "gateway", ["'gateway'", "https://"], id="address"),
        pytest.param("MAX_CREATES", "0", ["of settings) is 0"], id="limit reached"),
        pytest.param("MAX_CREATES", "many", ["'many'"], id="limit"),
    ],
)  # fmt: skip
def test_wrong_settings_send_nothing(
    command: Command, chainhub_sandbox: Sandbox, name: str, value: str, words: list[str]
) -> None:
    """Exit status 2 and one line, before anything leaves, and no receipt."""
    command.environment.setenv(f"CHAINHUB_{name}", value)
    assert_all(words, command.mistake("generate", "x", *GROK, "-o", "out.mp4"))
    assert (chainhub_sandbox.requests, list(Path().iterdir())) == ([], [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("generate", "x", *GROK), ["--output", "chainhub-video generate --help"]),
        (("download", "video_1", "-o", "nowhere/out.mp4"), ["nowhere"]),
        (("wait", "123", "--quiet"), ["say --format openai or --format unified"]),
        (("sandbox", "--port", "0", "--dialect", "klingon"),
         ["no dialect 'klingon'; there are documented, numeric-ids, long-ids", "(--dialect)"]),
        (("genrate",), ["Did you mean 'generate'"]),
        (("wait", "x", "--timout", "3"), ["--timeout"]),
    ],
)  # fmt: skip
def test_other_commands_are_checked_before_they_send(
    command: Command, chainhub_sandbox: Sandbox, arguments: tuple[str, ...], words: list[str]
) -> None:
    """What is missing, unknown or misspelt is named: exit status 2, before anything leaves."""
    assert_all(words, command.mistake(*arguments))
    assert chainhub_sandbox.requests == []


def test_a_wrong_key_is_a_failure_without_the_key(command: Command) -> None:
    """The gateway's 401 is exit status 1, and the line does not show the key."""
    command.environment.setenv("CHAINHUB_API_KEY", "not-the-key")
    ended = command("generate", "x", *GROK, "-o", "out.mp4")
    assert ended.status == 1
    assert_all(["chainhub-video: ", "CHAINHUB_API_KEY", "401"], ended.line)
    assert "not-the-key" not in ended.line


def test_a_gateway_that_is_not_there(chainhub_sandbox: Sandbox, command: Command) -> None:
    """A refused connection is exit status 1, and the line names the address."""
    chainhub_sandbox.stop()
    ended = command("status", "video_1")
    assert ended.status == 1
    assert chainhub_sandbox.url in ended.line


@pytest.mark.parametrize("task", ["video_[bold]x[/bold]", *("video_" + "x" * n for n in (230, 300, 5000))])  # fmt: skip
def test_an_id_that_no_task_has(command: Command, task: str) -> None:
    """Brackets reach the message as they are, and an id that no file could be called is not taken for a receipt."""
    ended = command("status", task)
    assert ended.status == 1
    assert_all(["does not know this task", task[:20]], ended.line)


def test_a_sandbox_on_a_port_in_use(bare: Command) -> None:
    """A taken port is exit status 1 and one line that names it, and what else may listen there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = bare("sandbox", "--port", port)
    assert ended.status == 1
    words = "perhaps by another sandbox: choose another port, or 0 for any free one"
    assert_all([port, words], ended.line)
