"""A chart with a few lines over one axis, as SVG: enough for the pages that the bench writes."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

_WIDTH: Final = 720
_PANEL: Final = 150
_LEFT: Final = 60
_RIGHT: Final = 20
_TOP: Final = 40
_GAP: Final = 30
_INK: Final = ("#2563a8", "#b4531f", "#3b7a3b")


class Line(NamedTuple):
    """What one panel shows."""

    title: str
    values: Sequence[float]


def chart(title: str, at: Sequence[float], lines: Sequence[Line], *, unit: str) -> str:
    """One panel for each line, each from zero, under one another over the same axis."""
    height = _TOP + len(lines) * (_PANEL + _GAP) + 10
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
            ' font-family="sans-serif" font-size="12" fill="#333">'
        ),
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for number, line in enumerate(lines):
        top = _TOP + number * (_PANEL + _GAP)
        parts += _panel(line, at, top, _INK[number % len(_INK)], unit)
    return "\n".join([*parts, "</svg>", ""])


def _panel(line: Line, at: Sequence[float], top: int, ink: str, unit: str) -> list[str]:
    most, last = max(*line.values, 1) * 1.15, max(*at, 1e-9)
    bottom = top + _PANEL
    across, up = (_WIDTH - _LEFT - _RIGHT) / last, (_PANEL - 20) / most
    points = " ".join(
        f"{_LEFT + x * across:.1f},{bottom - y * up:.1f}"
        for x, y in zip(at, line.values, strict=True)
    )
    axis = f'stroke="#999" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}"'
    return [
        f'<line {axis} y1="{bottom}" y2="{bottom}"/>',
        f'<text x="{_LEFT}" y="{top + 12}" fill="{ink}">{escape(line.title)}</text>',
        f'<text x="{_LEFT - 6}" y="{bottom}" text-anchor="end">0</text>',
        (
            f'<text x="{_LEFT - 6}" y="{bottom - max(line.values) * up + 4:.1f}" text-anchor="end">'
            f"{max(line.values):.0f}</text>"
        ),
        (
            f'<text x="{_WIDTH - _RIGHT}" y="{bottom + 15}" text-anchor="end">'
            f"{last:.1f} {escape(unit)}</text>"
        ),
        f'<polyline fill="none" stroke="{ink}" stroke-width="1.5" points="{points}"/>',
    ]
