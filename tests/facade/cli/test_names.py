"""Names of files that are not UTF-8: the command takes them, and prints what can be pasted."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from chainhub_sandbox import Sandbox

from .command import Command
from .conftest import COMMAND, GROK

NAME = b"k\xe4tzchen '\xff.mp4"  # Latin-1, as on older disks


def test_an_output_whose_name_is_not_utf8(
    command: Command,
    chainhub_sandbox: Sandbox,
    environment: dict[str, str],
) -> None:
    """It is saved and resumed under the very bytes; what is printed is one line, which a shell reads back to them."""
    place = os.fsencode(command.folder) + b"/" + NAME
    settings = {**environment, "CHAINHUB_BASE_URL": chainhub_sandbox.url, "LC_ALL": "C"}
    begun = subprocess.run(
        [str(COMMAND), "generate", "x", *GROK, "-o", NAME, "--timeout", "0"], env=settings,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert begun.returncode == 4, begun.stderr
    *_, line = begun.stderr.decode("ascii").splitlines()
    pasted = line[line.index("chainhub-video resume ") :]
    printed = subprocess.run(
        ["bash", "-c", pasted.replace("chainhub-video resume", "printf %s")],
        capture_output=True, check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )  # fmt: skip
    assert printed.stdout == place

    status, (result,), _ = command("resume", os.fsdecode(NAME), "--json")
    assert status == 0
    assert os.fsencode(json.loads(result)["path"]) == place
    assert json.loads(result)["verified"] == "length"
    status, (again,), _ = command("generate", "x", *GROK, "-o", os.fsdecode(NAME))
    assert status == 0
    assert r"k\xe4tzchen '\xff.mp4" in again
    assert {os.fsencode(path.name) for path in Path().iterdir()} == {NAME, NAME + b".task.json"}
    assert chainhub_sandbox.paid == 1
