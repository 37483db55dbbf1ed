"""The command `scripts/regenerate`."""

import argparse
import sys
from pathlib import Path

from pipeline.build import build, read_inputs
from pipeline.publish import compare, missing_inputs, strangers, write
from pipeline.report import PipelineError

_ROOT = Path(__file__).resolve().parents[2]
_DESCRIPTION = """\
Build openapi/openapi.yaml and generated/chainhub_api from the vendor's pages in openapi/sources,
openapi/lifecycle.yaml and openapi/overlay.yaml. On any error nothing is written."""


def main(arguments: list[str] | None = None, root: Path = _ROOT) -> int:
    """Run the pipeline.

    Args:
        arguments: The command line, without the program's name; that of the process if None.
        root: The repository.

    Returns:
        The exit code: 0 if all is well, 1 if not.
    """
    parser = argparse.ArgumentParser(prog="scripts/regenerate", description=_DESCRIPTION)
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; fail if a file under openapi/ or generated/ is not what a build gives",
    )
    parser.add_argument(
        "page",
        nargs="*",
        type=Path,
        help="take in this page of the vendor (*.md), in place of the one of the same name if any",
    )
    options = parser.parse_args(arguments)
    try:
        return _run(root, options.page, check=options.check)
    except PipelineError as error:
        print(error, file=sys.stderr)
        print(f"{_count(len(error.problems), 'error')}, nothing was written.", file=sys.stderr)
        return 1


def _run(root: Path, pages: list[Path], *, check: bool) -> int:
    """Build, report, and compare or write."""
    amiss = missing_inputs(root) if check else strangers(root)
    if amiss:
        raise PipelineError(*amiss)
    result = build(read_inputs(root, pages))
    for change in result.changes:
        print(change)
    told = f"{_count(result.pages, 'page')}, {_count(len(result.changes), 'change')} reported above"
    if check:
        problems = compare(root, result.files)
        if problems:
            raise PipelineError(*problems)
        print(f"{told}; every file is what a build gives.")
        return 0
    written = write(root, result.files)
    for name in written:
        print(f"wrote {name}")
    print(f"{told}; {_count(len(written), 'file')} written.")
    return 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


if __name__ == "__main__":
    sys.exit(main())
