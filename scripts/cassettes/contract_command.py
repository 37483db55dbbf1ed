"""Hold recorded requests and answers against an OpenAPI document: the command `scripts/contract`."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from pipeline.report import PipelineError

from .cassette import read_all
from .document import Document
from .judge import hold_against

_ROOT = Path(__file__).resolve().parents[2]
_DESCRIPTION = """\
Hold recorded requests and answers (cassettes of vcrpy) against an OpenAPI document, and tell each
promise that was broken: where, in which field, and what to do about it. Contacts nobody."""
_CODES = """\
exit codes: 0 every promise was kept; 1 one was broken, or with --complete an operation was never
recorded; 2 something cannot be read, or the command line is wrong"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line, without the program's name; that of the process if None.

    Returns:
        The exit code.
    """
    options = _parser().parse_args(arguments)
    # Recordings hold any character, and a terminal may know but a few.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        document = Document.load(_shown(options.spec))
        found = hold_against(document, read_all(_shown(options.cassettes)))
    except PipelineError as error:
        print(error, file=sys.stderr)
        return 2
    print(found.as_json() if options.json else found.as_text(quiet=options.quiet))
    return 1 if found.deviations or (options.complete and found.gaps) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/contract", description=_DESCRIPTION, epilog=_CODES
    )
    add = parser.add_argument
    add("--cassettes", type=Path, default=_ROOT / "tests/cassettes", metavar="DIR",
        help="the recordings: *.yaml, *.yml and *.json, also in the folders below; or one file "
        "(default: tests/cassettes)")  # fmt: skip
    add("--spec", type=Path, default=_ROOT / "openapi/openapi.yaml", metavar="FILE",
        help="the OpenAPI document, 3.0 or 3.1, in YAML or JSON (default: openapi/openapi.yaml)")  # fmt: skip
    add("--complete", action="store_true", help="fail also if an operation was never recorded")
    add("--quiet", action="store_true", help="tell deviations and gaps only, and the sum of it")
    add("--json", action="store_true", help="print one JSON document instead of lines")
    return parser


def _shown(path: Path) -> Path:
    """Name a file of the repository as its other tools do, where that leads to the same file."""
    short = path.relative_to(_ROOT) if path.is_relative_to(_ROOT) else path
    return short if short.exists() and short.resolve() == path.resolve() else path


if __name__ == "__main__":
    sys.exit(main())
