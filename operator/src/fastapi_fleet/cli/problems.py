"""Problems of files as people read them: one a line, in the form that editors jump by."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from fastapi_fleet.offline.problems import Problem


def print_problems(problems: Iterable[Problem], console: Console) -> None:
    for problem in problems:
        parts = [
            Text(f"{problem.file}:{problem.line}", "bold"),
            Text(f"{problem.kind} {problem.name}".strip()),
            Text(problem.field, "cyan"),
            Text(problem.message),
        ]
        console.print(Text(": ").join(part for part in parts if part))
