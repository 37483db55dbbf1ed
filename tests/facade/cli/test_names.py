"""Names of files that are not UTF-8: the command takes them, prints what can be pasted, and its JSON is ASCII."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from .conftest import COMMAND

GROK = ("--model", "grok-video-3", "--aspect-ratio", "1:1")
NAME = b"k\xe4tzchen '\xff.mp4"  # Latin-1, as on older disks


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX"])
def test_an_output_whose_name_is_not_utf8(
    environment: dict[str, str], tmp_path: Path, locale: str
) -> None:
    """It is saved and resumed under the very bytes; what is printed is one line, which a shell reads back to them."""
    folder = os.fsencode(tmp_path)
    settings = {**environment, "LC_ALL": locale}

    def run(*words: str | bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(COMMAND), *words], env=settings, cwd=tmp_path, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    begun = run("generate", "x", *GROK, "-o", NAME, "--timeout", "0")
    assert begun.returncode == 4, begun.stderr
    *_, line = begun.stderr.decode("ascii").splitlines()
    command = line[line.index("chainhub-video resume ") :]
    assert b"Traceback" not in begun.stderr
    printed = subprocess.run(
        ["bash", "-c", command.replace("chainhub-video resume", "printf %s")],
        capture_output=True, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )  # fmt: skip
    assert printed.stdout == folder + b"/" + NAME

    done = run("resume", NAME, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.decode("ascii"))
    assert os.fsencode(result["path"]) == folder + b"/" + NAME
    assert result["verified"] == "length"
    again = run("generate", "x", *GROK, "-o", NAME)
    assert again.returncode == 0, again.stderr
    assert rb"k\xe4tzchen '\xff.mp4" in again.stdout
    assert len(again.stdout.splitlines()) == 1
    assert sorted(map(os.fsencode, (path.name for path in tmp_path.iterdir()))) == sorted(
        [NAME, NAME + b".task.json"]
    )


def test_json_is_ascii_whatever_the_terminal_is(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """A name in any letters is escaped, so that no reader's encoding can spoil the result."""
    done = subprocess.run(
        [str(COMMAND), "generate", "Kätzchen", *GROK, "-o", "猫.mp4", "--json"],
        env={**environment, "PYTHONIOENCODING": "utf-8"}, cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode("ascii"))["path"] == str(tmp_path / "猫.mp4")
