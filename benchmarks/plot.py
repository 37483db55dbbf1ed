"""Draw costs as an SVG for light and dark pages: looks a task to the right, delay upwards, on logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from .durations import Cost

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 20, 24, 52
_LOOKS, _DELAY = (3.0, 220.0), (0.4, 30.0)
_STYLE = """
  svg { font: 13px system-ui, sans-serif; color: #1f2328; background: #ffffff }
  text { fill: currentColor } .axis, .grid { stroke: currentColor; fill: none } .grid { opacity: .14 }
  .best { stroke: #0969da; fill: none; stroke-width: 2 } .best-word { fill: #0969da }
  .ours { fill: #cf222e } .other { fill: currentColor; opacity: .75 }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; background: #0d1117 }
    .best { stroke: #58a6ff } .best-word { fill: #58a6ff } .ours { fill: #ff7b72 }
  }
"""


def drawn(points: Mapping[str, Cost], best: Sequence[Cost]) -> str:
    """Return the picture.

    Args:
        points: schedules by name; those that begin with "ours" stand out.
        best: the line that none can cross.
    """
    parts = [_axes()]
    inside = [cost for cost in best if _LOOKS[0] <= cost.looks <= _LOOKS[1]]
    line = " ".join(f"{_x(cost.looks):.1f},{_y(cost.delay):.1f}" for cost in inside)
    parts.append(f'<polyline class="best" points="{line}"/>')
    word = inside[-1]
    parts.append(
        f'<text class="best-word" x="{_x(word.looks) + 8:.0f}" y="{_y(word.delay):.0f}">the best possible</text>'
    )
    for name, cost in points.items():
        ours = name.startswith("ours")
        x, y = _x(cost.looks), _y(cost.delay)
        kind = "ours" if ours else "other"
        # On the plot ours has a neighbour to its right; at the right edge there is no room for a name.
        to_the_left = name == "ours" or x > 0.9 * _WIDTH
        text_x, anchor = (x - 10, "end") if to_the_left else (x + 10, "start")
        text_y = y + 14 if ours else y - 6
        parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{6 if ours else 4}"/>')
        parts.append(
            f'<text class="{kind}" x="{text_x:.0f}" y="{text_y:.0f}" text-anchor="{anchor}">{escape(name)}</text>'
        )
    body = "\n".join(parts)
    title = "Looks a task against the delay with which its end is seen"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n{body}\n</svg>\n"
    )


def _axes() -> str:
    left, right, top, bottom = _LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM
    lines = [f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>']
    for looks in (3, 5, 10, 20, 50, 100, 200):
        x = _x(looks)
        lines.append(f'<path class="grid" d="M{x:.1f} {top}V{bottom}"/>')
        lines.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{looks}</text>')
    for delay in (0.5, 1, 2, 5, 10, 20):
        y = _y(delay)
        lines.append(f'<path class="grid" d="M{left} {y:.1f}H{right}"/>')
        lines.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{delay:g} s</text>')
    lines.append(
        f'<text x="{right}" y="{bottom + 40}" text-anchor="end">looks at a task, on average</text>'
        f'<text x="{left}" y="{top - 8}">delay until its end is seen, on average</text>'
    )
    return "\n".join(lines)


def _x(looks: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * _place(looks, *_LOOKS)


def _y(delay: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * _place(delay, *_DELAY)


def _place(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
