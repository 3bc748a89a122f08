"""Tables for the terminal."""


def number(value, digits=3):
    """With so many digits that matter: 12345.6 is 12,346 and 0.01234 is 0.0123."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) < 0.1 else f"{value:.{digits - 1 if abs(value) < 10 else 1}f}"


def table(title, heads, rows):
    cells = [heads] + [[number(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    print(f"\n{title}\n")
    for i, row in enumerate(cells):
        print(
            "  "
            + "  ".join(
                cell.ljust(width) if j == 0 else cell.rjust(width) for j, (cell, width) in enumerate(zip(row, widths))
            ).rstrip()
        )
        if i == 0:
            print("  " + "  ".join("-" * width for width in widths))


def calls(title, entries):
    """The contenders of one comparison; `×` is a contender's figure divided by ours."""
    ours = entries.get("ours")
    rows = []
    for name, e in entries.items():

        def against(key):
            return e[key] / ours[key] if ours and ours.get(key) and e.get(key) is not None else None

        rows.append(
            [
                name,
                e["calls_per_s"],
                against("calls_per_s"),
                e["p50_us"],
                against("p50_us"),
                e["p99_us"],
                e["cpu_us"],
                against("cpu_us"),
                e.get("instructions"),
                against("instructions"),
                e.get("allocations"),
                e["rss_kb"] / 1024,
                e["threads"],
            ]
        )
    table(
        title,
        ["", "calls/s", "×", "p50 µs", "×", "p99 µs", "CPU µs", "×", "instr.", "×", "allocs", "RSS MB", "threads"],
        rows,
    )


def verdicts(title, rows):
    words = {True: "met", False: "NOT MET", None: "not measured"}
    table(
        title,
        ["", "target", "measured", ""],
        [
            [
                row["what"],
                row["target"],
                "–" if row["measured"] is None else f"{number(row['measured'])} {row['unit']}".strip(),
                words[row["met"]],
            ]
            for row in rows
        ],
    )
