"""Define `chainhub-video doctor`: what is set, what is there, what can be reached, and how to mend what is wrong."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import attrs
import typer

from .console import one_line, show, show_json
from .options import AsJson

if TYPE_CHECKING:
    from .findings import Finding, State

_COLOURS = {"ok": "green", "note": "cyan", "warning": "yellow", "wrong": "bold red"}


def doctor(
    offline: Annotated[
        bool, typer.Option("--offline", help="Leave the network out; contact nobody.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Tell what is set and from where, what works, and how to mend what does not. Costs nothing."""
    from .gateway_checks import look_at_gateway
    from .local_checks import (
        look_at_folder,
        look_at_settings,
        look_at_surroundings,
        look_at_versions,
    )

    seen = look_at_settings()
    findings = [*seen.findings, *look_at_versions(), *look_at_surroundings(seen.base_url)]
    findings += look_at_folder()
    if not offline and seen.base_url is not None:
        findings += look_at_gateway(seen.base_url, seen.key)
    count: Counter[State] = Counter(finding.state for finding in findings)
    if as_json:
        show_json({"ok": not count["wrong"], "findings": [attrs.asdict(each) for each in findings]})
    else:
        # A path may hold what the terminal's encoding does not.
        if (reconfigure := getattr(sys.stdout, "reconfigure", None)) is not None:
            reconfigure(errors="backslashreplace")
        (_draw if sys.stdout.isatty() else _print)(findings)
        show(_summary(count))
    return 1 if count["wrong"] else 0


def _summary(count: Counter[State]) -> str:
    wrong = f"{count['wrong']} wrong" if count["wrong"] else "nothing is wrong"
    warnings = count["warning"]
    return wrong + (f", {warnings} warning{'s' * (warnings > 1)}" if warnings else "")


def _print(findings: list[Finding]) -> None:
    """Write one line for each finding, and one for each remedy."""
    for each in findings:
        show(f"{each.state:<8} {each.section} {each.name}: {_value(each)}")
        if each.remedy:
            show(f"{'-':<8} {each.remedy}")


def _draw(findings: list[Finding]) -> None:
    """Write a table of each section, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(markup=False, highlight=False, emoji=False)
    section = ""
    for each in findings:
        if each.section != section:
            section = each.section
            console.print(Text(section, "bold"))
        table = Table.grid(padding=(0, 1))
        table.add_column(width=7, no_wrap=True)
        table.add_column(overflow="fold")
        line = Text(f"{each.name}: ", "bold").append(_value(each), "not bold")
        if each.remedy:
            line.append(f"\n{each.remedy}", "not bold italic")
        table.add_row(Text(each.state, _COLOURS[each.state]), line)
        console.print(table)


def _value(finding: Finding) -> str:
    return one_line(finding.value + (f" (from {finding.origin})" if finding.origin else ""))
