"""Somebody's project: a document and recordings in a folder, and the command run there."""

from __future__ import annotations

import shutil
from pathlib import Path

from cassettes.contract_command import main

from .taping import Said, tape

SPEC = "openapi.yaml"


class Project:
    """A folder with a document of five operations, in which the command runs.

    Args:
        place: the folder; it is the working directory.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        shutil.copy(Path(__file__).with_name("small.yaml"), place / SPEC)

    def contract(self, *interactions: Said, options: tuple[str, ...] = ()) -> int:
        """Run the command on what lies in `tapes`, where the interactions are written first; returns its exit code."""
        if interactions:
            tape(self.place / "tapes/tape.yaml", *interactions)
        return main(["--cassettes", "tapes", "--spec", SPEC, *options])


def deviations(text: str) -> list[str]:
    """The lines about deviations, without the next step, which they end with."""
    lines = [line for line in text.splitlines() if line.startswith(("tapes/", "    "))]
    return [line.partition(". Next: ")[0] for line in lines]
