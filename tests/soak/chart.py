#!/usr/bin/env python3
"""Draws the samples of the soak as an SVG: one small chart for each column, over the lives that
have ended."""

from __future__ import annotations

import csv
import sys

WIDTH, HEIGHT, LEFT, TOP = 720, 90, 70, 24
CHARTS = {
    "memory_kb": ("resident memory (MB)", 1 / 1024),
    "descriptors": ("file descriptors, of the client and the server", 1),
    "threads": ("threads, of the client and the server", 1),
    "in_flight": ("calls in flight", 1),
    "clients": ("clients", 1),
}


def chart(title: str, lives: list[float], values: list[float], top: int) -> str:
    most = max(values) or 1
    end = max(lives) or 1
    points = " ".join(
        f"{LEFT + x / end * (WIDTH - LEFT - 20):.1f},{top + HEIGHT - y / most * HEIGHT:.1f}"
        for x, y in zip(lives, values)
    )
    right = WIDTH - 20
    return (
        f'<text x="{LEFT}" y="{top - 6}">{title}</text>'
        f'<text x="{LEFT - 6}" y="{top + 8}" text-anchor="end">{most:.0f}</text>'
        f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>'
        f'<path d="M{LEFT} {top}V{top + HEIGHT}H{right}" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>'
    )


def main() -> None:
    source, target = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lives = [float(row["lives"]) for row in rows]
    parts = []
    for number, (name, (title, factor)) in enumerate(CHARTS.items()):
        values = [float(row[name]) * factor for row in rows]
        parts.append(chart(title, lives, values, TOP + number * (HEIGHT + TOP + 8)))
    height = len(CHARTS) * (HEIGHT + TOP + 8) + 24
    parts.append(f'<text x="{WIDTH - 20}" y="{height - 8}" text-anchor="end">{lives[-1]:,.0f} session lives</text>')
    with open(target, "w", encoding="utf-8") as file:
        file.write(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
            f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
        )


if __name__ == "__main__":
    main()
