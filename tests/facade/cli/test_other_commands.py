"""The sandbox by command, the help, and the command without its packages."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import httpx
import pytest
import typer
from chainhub_video import __version__
from chainhub_video.cli.app import app
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

from .command import Command
from .conftest import COMMAND

NEEDLESS = (
    "asyncio",
    "tomllib",
    "httpx",
    "keyring",
    "av",
    "mcp",
    "PIL",
    "concurrent.futures.thread",
    "rich.live",
    "starlette",
)


def test_sandbox_runs_until_ctrl_c(environment: dict[str, str]) -> None:
    """It prints where its page is and two lines to paste into a shell, answers there as its options say, and ends."""
    with subprocess.Popen(
        [COMMAND, "sandbox", "--port", "0", "--pace", "0", "--api-key", "a b",
         "--dialect", "relay", "--dialect", "numeric-ids", "--seed", "3",
         "--fault", "query:status,status=418,times=1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        lines = process.stdout.readline() + process.stdout.readline()
        printed = re.fullmatch(
            r"export CHAINHUB_BASE_URL=(\S+)\nexport CHAINHUB_API_KEY='(a b)'\n", lines
        )
        assert printed is not None
        url, key = printed.groups()
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, trust_env=False
        ) as http:
            faulty = http.get("/v1/videos/video_1")
            unknown = http.get("/v1/videos/video_1")
            created = http.post("/v1/video/create", json={"model": "veo3", "prompt": "A kitten"})
            page = http.get("/")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert f"look at it: {url}/\n" in said
    assert "Traceback" not in said
    assert "SANDBOX" in page.text
    assert (faulty.status_code, unknown.status_code) == (418, 200)  # 200 is a relay's
    assert {"code", "data"} < unknown.json().keys()
    assert re.search(r'"(id|task_id|taskId)":\d{15}[,}]', created.text)


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [("typer", ["--help"], "cli"), ("starlette", ["sandbox"], "sandbox")],
)
def test_without_an_extra_the_line_names_it(package: str, arguments: list[str], extra: str) -> None:
    """A missing package is exit status 2 and one line with what to install."""
    program = (
        f"import sys; sys.modules[{package!r}] = None; from chainhub_video.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"chainhub-video[{extra}]" in line


@pytest.mark.parametrize(
    ("arguments", "needed"), [(["--help"], []), (["generate", "--help"], ["tomllib"])]
)
def test_help_imports_nothing_that_it_does_not_need(
    arguments: list[str], needed: list[str]
) -> None:
    """It is quick: an event loop, an HTTP library and each extra's packages stay out; defaults are read."""
    program = (
        f"import sys; from chainhub_video.cli.app import run; assert run({arguments}) == 0; "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    imported = set(done.stderr.split())
    assert "typer" in imported
    assert sorted(imported.intersection(NEEDLESS)) == needed


def test_the_page_knows_every_command_and_exit_status() -> None:
    """docs/cli.md has a row for each command, and one for each exit status that `--help` tells."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    group = typer.main.get_command(app)
    for name in group.commands:  # type: ignore[attr-defined]
        assert re.search(rf"^\| .*`{name}\b", page, re.MULTILINE), name
    statuses = re.findall(r"^  (\d+)", EXPLAINED, re.MULTILINE)
    assert statuses == re.findall(r"^\| (\d+) \|", page, re.MULTILINE)
    assert {DONE, FAILED, MISTAKE, UNCERTAIN, RUNNING, INTERRUPTED} == set(map(int, statuses))


def test_version_and_help(bare: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Both go to standard output; no command at all shows the help, which is the same without any option read."""
    assert bare("--version") == (0, [f"chainhub-video {__version__}"], [])
    helped = bare("--help")
    assert (helped.status, helped.said) == (0, [])
    assert bare() == helped
    app(["--help"], prog_name="chainhub-video", standalone_mode=False)
    assert capsys.readouterr().out.splitlines() == helped.told
    assert "--model" in "".join(bare("generate", "--help").told)
