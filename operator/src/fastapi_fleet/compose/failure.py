"""A Compose file that cannot be converted at all."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.path + (f" (line {self.line})" if self.line else "")
        return f"{place}: {self.message}" if place else self.message


class ComposeError(Exception):
    """Every problem at once; no message holds the value of a variable."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
