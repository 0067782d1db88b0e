"""Figures of the measurements, and their table."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Target:
    """What a figure should reach. `at_least`: whether more is better."""

    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """`floor`: the same figure of what it is compared with in the same run, None where there is none."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """Value to floor."""
        return self.value / self.floor if self.floor else None

    @property
    def met(self) -> bool | None:
        return self.target.is_met(self.value) if self.target else None


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below `share` (0 to 1) of all: nearest rank, no value that never occurred."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def table(figures: Sequence[Figure], *, floor: str) -> str:
    """A Markdown table that is aligned for terminals, too. `floor`: the name of what is compared with."""
    rows = [("figure", "value", floor, "ratio", "target", "met"), *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))} |".rstrip() for row in rows
    ]
    rule = f"|{'|'.join('-' * (width + 2) for width in widths)}|"
    return "\n".join([lines[0], rule, *lines[1:]])


def as_json(figures: Sequence[Figure], **conditions: int) -> str:
    """The figures with when, where and under which conditions they were taken."""
    content = {
        "measuredAt": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **conditions,
        "figures": [asdict(figure) | {"ratio": figure.ratio, "met": figure.met} for figure in figures],
    }
    return json.dumps(content, indent=2) + "\n"


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        f"{_number(figure.value)} {figure.unit}".rstrip(),
        "" if figure.floor is None else f"{_number(figure.floor)} {figure.unit}".rstrip(),
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        str(figure.target or ""),
        {True: "yes", False: "no", None: ""}[figure.met],
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 1000 else f"{value:.3g}"
