"""The command `scripts/regenerate`."""

import argparse
import io
import os
import sys
from pathlib import Path

from pipeline.build import build, inspect, read_inputs
from pipeline.publish import LOCK, OVERLAY, compare, missing_inputs, new_changes, strangers, write
from pipeline.report import PipelineError, Place, count, refuse, stop
from pipeline.review import Review, review

_ROOT = Path(__file__).resolve().parents[2]
_DESCRIPTION = """\
Build openapi/openapi.yaml and generated/chainhub_api from the vendor's pages in openapi/sources,
openapi/lifecycle.yaml, openapi/merge.yaml and openapi/overlay.yaml, and tell what changed against
the document that is there. On any error nothing is written."""
_CODES = """\
exit codes: 0 all is well; 1 something is wrong, and nothing was written; 2 the command line is
wrong; 3 with --fail-on-breaking: the changes break callers or readers, and nothing was written"""
BREAKING = 3


def main(arguments: list[str] | None = None, root: Path = _ROOT) -> int:
    """Run the pipeline.

    Args:
        arguments: The command line, without the program's name; that of the process if None.
        root: The repository.

    Returns:
        The exit code: 0 if all is well, 1 if not, 3 for changes that break if that was asked for.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.inspect and not options.page:
        parser.error("--inspect needs at least one FILE")
    if options.json and not options.inspect:
        parser.error("--json goes with --inspect")
    # Pages hold any character, and a terminal may know but a few.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _inspect(root, options) if options.inspect else _build(root, options)
    except PipelineError as error:
        print(error, file=sys.stderr)
        print(f"{count(len(error.problems), 'error')}, nothing was written.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever reads the output has seen enough; and nothing may be written to it at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/regenerate", description=_DESCRIPTION, epilog=_CODES
    )
    mode = parser.add_mutually_exclusive_group()
    for owner, name, told in (
        (mode, "check", "write nothing; fail if a file under openapi/ or generated/ is not what a build gives"),
        (mode, "dry-run", "build and tell what changed, but write nothing"),
        (mode, "inspect", "only read the given files, and tell what was repaired or why they are refused"),
        (parser, "json", "with --inspect: one JSON object a line for each file"),
        (parser, "verbose", "print every repair, cleaning and correction, not only those that the lock lacks"),
        (parser, "fail-on-breaking", "write nothing and exit with 3 if a change breaks callers or readers of answers"),
    ):  # fmt: skip
        owner.add_argument(f"--{name}", action="store_true", help=told)
    told = "write what changed as Markdown, too"
    parser.add_argument("--report", type=Path, metavar="FILE", help=told)
    told = "take in this page of the vendor (*.md), in place of the one of the same name if any"
    parser.add_argument("page", nargs="*", type=Path, help=told)
    return parser


def _inspect(root: Path, options: argparse.Namespace) -> int:
    """Tell what is in the given pages."""
    refused = 0
    for found in inspect(options.page, root / OVERLAY):
        refused += found.error is not None
        print(found.as_json() if options.json else found.as_text())
    return 1 if refused else 0


def _build(root: Path, options: argparse.Namespace) -> int:
    """Build, report, and compare or write."""
    amiss = missing_inputs(root) if options.check else strangers(root)
    refuse(amiss)
    result = build(read_inputs(root, options.page))
    lock = root / LOCK
    new = new_changes(result.changes, lock.read_bytes() if lock.is_file() else b"")
    for change in result.changes if options.verbose else new:
        print(change)
    told = f"{count(result.pages, 'page')}, {count(len(result.changes), 'change')} made to them, {len(new)} new; "
    told += f"{count(result.examples, 'example')} read and written unchanged"
    if options.check:
        problems = compare(root, result.files)
        refuse(problems)
        print(f"{told}; every file is what a build gives.")
        return 0
    found = review(root, result.files)
    if options.report:
        _write_report(options.report, found)
    broken = options.fail_on_breaking and found.breaking
    written = [] if options.dry_run or broken else write(root, result.files)
    for name in written:
        print(f"wrote {name}")
    print(f"{told}; {count(len(written), 'file')} written.")
    for line in (found.as_text(), found.summary()):
        print(line, end="\n" if line else "")
    return BREAKING if broken else 0


def _write_report(path: Path, found: Review) -> None:
    """Write the review as Markdown."""
    try:
        path.write_text(found.as_markdown(), encoding="utf-8")
    except OSError as error:
        reason = f"the report cannot be written: {error.strerror}"
        raise stop(Place(str(path)), reason, "give a path that can be written") from error


if __name__ == "__main__":
    sys.exit(main())
