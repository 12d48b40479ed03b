"""A log-log plot of times over sizes as an SVG of its own, in which an order of growth is the slope of a line.

Called by `bench.linear_algebra`. It draws what it is given and refuses nothing: times and sizes must be above zero.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

import numpy as np

from bench.harness import readable

Points = Sequence[tuple[float, float]]
"""Sizes, and nanoseconds at each."""

WIDTH, HEIGHT, LEFT, TOP, BOTTOM, LEGEND = 920, 520, 70, 40, 50, 340
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#566573")


def slope(points: Points) -> float:
    """The exponent of the power of the size that the times follow best."""
    sizes, times = np.log(np.array(points, dtype=float).T)
    return float(np.polyfit(sizes, times, 1)[0])


def log_log(title: str, pairs: Mapping[str, tuple[Points, Points]], names: tuple[str, str]) -> str:
    """Two lines in one colour for each pair, the first one dashed; `names` says what the first and the second are."""
    every = [point for pair in pairs.values() for points in pair for point in points]
    sizes = sorted({size for size, _ in every})
    low, high = floor(log10(min(time for _, time in every))), ceil(log10(max(time for _, time in every)))
    right, bottom = WIDTH - LEGEND, HEIGHT - BOTTOM

    def x(size: float) -> float:
        return LEFT + (right - LEFT) * log10(size / sizes[0]) / log10(sizes[-1] / sizes[0])

    def y(time: float) -> float:
        return bottom - (bottom - TOP) * (log10(time) - low) / (high - low)

    def text(at: tuple[float, float], words: str, anchor: str = "start") -> str:
        return f'<text x="{at[0]:.0f}" y="{at[1]:.0f}" text-anchor="{anchor}">{html.escape(words)}</text>'

    def line(points: Points, colour: str, dashes: str, width: float = 2) -> str:
        path = " ".join(f"{x(size):.1f},{y(time):.1f}" for size, time in points)
        return (
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"'
            f' stroke-dasharray="{dashes}"/>'
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        text((LEFT, TOP - 18), title),
    ]
    for power in range(low, high + 1):
        parts.append(line([(sizes[0], 10.0**power), (sizes[-1], 10.0**power)], "#dddddd", "none", 1))
        parts.append(text((LEFT - 6, y(10.0**power) + 4), readable(10.0**power), "end"))
    parts += [text((x(size), bottom + 18), f"{size:g}", "middle") for size in sizes]
    for number, (name, pair) in enumerate(pairs.items()):
        colour = COLOURS[number % len(COLOURS)]
        row = TOP + 54 * number
        parts.append(text((right + 24, row), name))
        for place, (points, what, dashes) in enumerate(zip(pair, names, ("5 4", "none"), strict=True)):
            parts.append(line(points, colour, dashes))
            parts += [f'<circle cx="{x(size):.1f}" cy="{y(time):.1f}" r="3" fill="{colour}"/>' for size, time in points]
            at = row + 16 * (place + 1)
            parts.append(
                f'<line x1="{right + 24}" x2="{right + 54}" y1="{at - 4}" y2="{at - 4}" stroke="{colour}"'
                f' stroke-width="2" stroke-dasharray="{dashes}"/>'
            )
            parts.append(text((right + 62, at), f"{what}: n to the power of {slope(points):.2f}"))
    return "\n".join([*parts, "</svg>"])
