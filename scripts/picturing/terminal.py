"""Draw what a command shows on a terminal: tmux runs it, rich makes an SVG of the screen."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme
from rich.text import Text

Theme: TypeAlias = Literal["light", "dark"]
"""What the reader's system prefers."""

THEMES: Mapping[Theme, TerminalTheme] = {"light": DEFAULT_TERMINAL_THEME, "dark": MONOKAI}

COLUMNS = 80
PATIENCE = 60.0  # seconds to wait for the moment

# Rich's own names a font on a foreign host, and draws a window around the screen.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
"""


class ScreenError(Exception):
    """A terminal cannot be had, or never showed what was waited for."""


def screen_of(
    command: str, until: Callable[[str], bool], *, folder: Path, environment: Mapping[str, str]
) -> str:
    """Run a command on a terminal of 80 columns and 12 lines, and return what it shows at the wanted moment.

    Args:
        command: for the shell.
        until: whether this text, without colours, is what is wanted.
        folder: where the command runs.
        environment: variables to be set for it.

    Returns:
        The screen's lines, with ANSI colours.

    Raises:
        ScreenError: there is no tmux, or the moment never came.
    """
    if shutil.which("tmux") is None:
        raise ScreenError("the live view is recorded with tmux: install it")
    tmux = ("tmux", "-S", str(folder / "tmux"), "-f", os.devnull)
    subprocess.run(
        [*tmux, *f"new-session -d -s picture -x {COLUMNS} -y 12".split(), command],
        cwd=folder,
        env={**os.environ, **environment, "COLORTERM": "truecolor"},
        check=True,
    )
    try:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            shown = subprocess.run(
                [*tmux, "capture-pane", "-p", "-e", "-t", "picture"],
                capture_output=True,
                text=True,
                check=False,
            )
            if shown.returncode:
                break
            if until(Text.from_ansi(shown.stdout).plain):
                return shown.stdout.rstrip("\n")
            time.sleep(0.1)
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)
    raise ScreenError(f"{command}: its screen never showed what was waited for")


def draw(screen: str, to: Path, theme: Theme) -> None:
    """Write an SVG of a screen.

    Args:
        screen: the lines, with ANSI colours.
        to: the file.
        theme: `light` or `dark`.
    """
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(
            record=True, width=COLUMNS, force_terminal=True, color_system="truecolor", file=nowhere
        )
        console.print(Text.from_ansi(screen))
        text = console.export_svg(
            title="", theme=THEMES[theme], code_format=_SVG, unique_id=f"live-{theme}"
        )
    # A frame that shows on a light page as well, and no line that ends in blanks.
    text = text.replace("rgba(255,255,255,0.35)", "#8888")
    to.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n", "utf-8")
