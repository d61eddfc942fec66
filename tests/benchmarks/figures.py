"""Figures with their floors and aims, and the table that shows them."""

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class Figure:
    """One measured quantity. ``values`` has one entry for each repeat; ``decimals`` is for printing only."""

    key: str
    title: str
    unit: str
    values: list[float] = field(default_factory=list)
    floor: str = ""
    aim: str = ""
    decimals: int = 0

    @property
    def median(self) -> float:
        """The middle of the repeats; not a number without any."""
        return statistics.median(self.values) if self.values else float("nan")

    def row(self) -> tuple[str, ...]:
        """Give the cells of the table."""
        low, high = (min(self.values), max(self.values)) if self.values else (float("nan"), float("nan"))
        numbers = (f"{value:,.{self.decimals}f}" for value in (low, self.median, high))
        return (self.title, self.unit, *numbers, self.floor, self.aim)

    def plain(self) -> dict[str, Any]:
        """Give what goes into the JSON file."""
        return asdict(self) | {"median": self.median}


HEAD = ("measured", "unit", "min", "median", "max", "floor", "aim")


def table(figures: list[Figure]) -> str:
    """Write figures as a Markdown table, aligned for people."""
    rows = [HEAD, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    left = {0, 1, 5, 6}
    lines = [
        "| " + " | ".join(_cell(cell, widths[at], left=at in left) for at, cell in enumerate(row)) + " |"
        for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 1) + ("-" if at in left else ":") for at, width in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def _cell(text: str, width: int, *, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)


def ratio(
    figures: dict[str, Figure], key: str, title: str, *, of: str, to: str, floor: str, aim: str = ""
) -> Figure | None:
    """Give how many times one figure is the other, repeat by repeat, as they were measured in turns; None without."""
    pairs = zip(figures[of].values, figures[to].values, strict=True) if {of, to} <= figures.keys() else ()
    values = [one / other for one, other in pairs]
    return Figure(key, title, "×", values, floor, aim, decimals=1) if values else None
