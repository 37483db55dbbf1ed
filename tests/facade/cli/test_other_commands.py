"""The sandbox by command, and the command without its packages."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import pytest
import typer
from chainhub_sandbox import Sandbox
from chainhub_video import __version__
from chainhub_video.cli.app import app
from chainhub_video.cli.app import run as command
from chainhub_video.cli.exit_status import (
    DONE,
    EXPLAINED,
    FAILED,
    INTERRUPTED,
    MISTAKE,
    RUNNING,
    UNCERTAIN,
)

from tests.support.places import ROOT

from .conftest import COMMAND, Run


def test_sandbox_runs_until_ctrl_c(environment: dict[str, str]) -> None:
    """It prints where its page is and two lines to paste into a shell, answers there, and ends cleanly."""
    with subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0", "--pace", "0", "--api-key", "a b"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = process.stdout.readline() + process.stdout.readline()
        url, key = re.fullmatch(
            r"export CHAINHUB_BASE_URL=(\S+)\nexport CHAINHUB_API_KEY='(.+)'\n", lines
        ).groups()  # type: ignore[union-attr]
        answer = httpx.get(
            f"{url}/v1/videos/video_1", headers={"Authorization": f"Bearer {key}"}, trust_env=False
        )
        page = httpx.get(f"{url}/", trust_env=False)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()

    assert f"look at it: {url}/\n" in rest
    assert "SANDBOX" in page.text
    assert key == "a b"
    assert answer.json()["code"] == "task_not_exist"
    assert process.returncode == 0
    assert "Traceback" not in rest


def test_sandbox_speaks_dialects(environment: dict[str, str]) -> None:
    """The options --dialect, given twice, and --seed arrive: a refusal has status 200, an id fifteen digits."""
    arguments = ["--port", "0", "--dialect", "relay", "--dialect", "numeric-ids", "--seed", "3"]
    with subprocess.Popen(
        [COMMAND, "sandbox", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().partition("=")[2].strip()
        body = {"model": "veo3", "prompt": "A kitten"}
        with httpx.Client(
            base_url=url, headers={"Authorization": "Bearer sandbox"}, trust_env=False
        ) as http:
            unknown = http.get("/v1/videos/video_1")
            created = http.post("/v1/video/create", json=body)
        process.send_signal(signal.SIGINT)
    assert unknown.status_code == 200
    assert {"code", "data"} < unknown.json().keys()
    assert re.search(r'"(id|task_id|taskId)":\d{15}[,}]', created.text)
    assert process.returncode == 0


def test_sandbox_of_an_unknown_dialect(run: Run) -> None:
    """An unknown dialect is exit status 2, and one line with the names that there are."""
    done = run("sandbox", "--port", "0", "--dialect", "klingon")

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "no dialect 'klingon'; there are documented, numeric-ids, long-ids" in line
    assert line.endswith("(--dialect)")


def test_sandbox_on_a_port_in_use(run: Run, gateway: Sandbox) -> None:
    """A taken port is exit status 1 and one line that names it, and what else may listen there."""
    port = gateway.url.rpartition(":")[2]

    done = run("sandbox", "--port", port)

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert port in line
    assert "perhaps by another sandbox: choose another port, or 0 for any free one" in line


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        ("typer", ["--help"], "cli"),
        ("starlette", ["sandbox"], "sandbox"),
    ],
)
def test_without_an_extra_the_line_names_it(
    environment: dict[str, str], package: str, arguments: list[str], extra: str
) -> None:
    """A missing package is exit status 2 and one line with what to install."""
    program = (
        f"import sys; sys.modules[{package!r}] = None; from chainhub_video.cli import main; main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"chainhub-video[{extra}]" in line


def test_help_loads_neither_client_nor_display_nor_sandbox(environment: dict[str, str]) -> None:
    """Asking for help stays quick, since nothing is imported that it does not need."""
    program = (
        "import sys; from chainhub_video.cli.app import run; run(['generate', '--help']); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "typer" in done.stderr.split()
    assert not {"httpx", "rich", "starlette", "av", "PIL"} & set(done.stderr.split())


def test_the_page_knows_every_command_and_exit_status() -> None:
    """docs/cli.md has a row for each command, and one for each exit status that `--help` tells."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    group = typer.main.get_command(app)
    for name in group.commands:  # type: ignore[attr-defined]
        assert re.search(rf"^\| .*`{name}\b", page, re.MULTILINE), name
    statuses = re.findall(r"^  (\d+)", EXPLAINED, re.MULTILINE)
    assert statuses == re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert {DONE, FAILED, MISTAKE, UNCERTAIN, RUNNING, INTERRUPTED} == set(map(int, statuses))


def test_the_overview_is_the_whole_help(capsys: pytest.CaptureFixture[str]) -> None:
    """What `--help` prints without having read any option is what it would print with all of them."""
    assert command(["--help"]) == 0
    told = capsys.readouterr().out
    assert app(["--help"], prog_name="chainhub-video", standalone_mode=False) == 0
    assert capsys.readouterr().out == told
    assert "--model" in (command(["generate", "--help"]), capsys.readouterr().out)[1]


def test_version_and_help(run: Run) -> None:
    """Both go to standard output with exit status 0, and no command at all shows the help."""
    version, help_text, nothing = run("--version"), run("--help"), run()

    assert version.stdout == f"chainhub-video {__version__}\n"
    assert "generate" in help_text.stdout
    assert nothing.stdout == help_text.stdout
    assert [done.returncode for done in (version, help_text, nothing)] == [0, 0, 0]
