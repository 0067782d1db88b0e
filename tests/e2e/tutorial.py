"""Pages of the tutorial as the commands on them, and what a reader is told that these print."""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PAGES: Final = REPOSITORY / "docs" / "tutorial"

FENCE: Final = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT: Final = "$ "
CONTINUED: Final = "> "
ANYTHING: Final = "…"
EXIT_CODE: Final = "echo $?"
MARK: Final = "@step"


@dataclass(frozen=True)
class Step:
    """A command, and the lines that the page shows below it. No line: the page says nothing about what it prints."""

    line: int
    command: str
    promised: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    step: Step
    output: str
    status: int


def steps_of(page: str) -> list[Step]:
    """The commands of the blocks `console` (line by line, with what they print) and `sh` (a script each), in order."""
    steps: list[Step] = []
    for block in FENCE.finditer(page):
        line = page.count("\n", 0, block.start("text")) + 1
        if block["language"] == "sh":
            steps.append(Step(line, block["text"].rstrip("\n")))
        elif block["language"] == "console":
            steps.extend(_steps_of_session(block["text"].splitlines(), line))
    return steps


def renamed(steps: list[Step], name: str, other: str) -> list[Step]:
    """The same steps with another name for what the page calls `name`."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    return [
        replace(
            step, command=word.sub(other, step.command), promised=tuple(word.sub(other, line) for line in step.promised)
        )
        for step in steps
    ]


def without(steps: list[Step], commands: Collection[str]) -> list[Step]:
    """The steps but for these commands, which whoever runs the page has run before."""
    return [step for step in steps if step.command not in commands]


def play(steps: list[Step], folder: Path, environment: Mapping[str, str], *, timeout: float) -> list[Outcome]:
    """Run the steps in one shell, as a reader does, until one fails that should not, or the seconds are over."""
    with tempfile.TemporaryFile("w+") as said:
        shell = subprocess.Popen(
            ["bash", "-c", _script(steps)],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with suppress(subprocess.TimeoutExpired):
                shell.wait(timeout)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()
            said.seek(0)
            text = said.read()
    return list(_outcomes(steps, text))


def broken_promises(steps: list[Step], outcomes: list[Outcome]) -> list[str]:
    """What a reader would not find as the page has it, by line of the page."""
    expected = {step.line for step, following in pairwise(steps) if following.command == EXIT_CODE}
    broken = [
        _told(outcome)
        for outcome in outcomes
        if not _is_kept(outcome.step.promised, outcome.output) or (outcome.status and outcome.step.line not in expected)
    ]
    if len(outcomes) < len(steps):
        broken.append(f"line {steps[len(outcomes)].line} and what follows was not reached")
    return broken


def _steps_of_session(lines: list[str], first: int) -> Iterator[Step]:
    step: Step | None = None
    for number, line in enumerate(lines, first):
        if line.startswith(PROMPT):
            if step:
                yield step
            step = Step(number, line.removeprefix(PROMPT))
        elif step is None:
            raise ValueError(f"line {number}: a block of commands begins with {PROMPT!r}")
        elif line.startswith(CONTINUED) and not step.promised:
            step = replace(step, command=f"{step.command}\n{line.removeprefix(CONTINUED)}")
        else:
            step = replace(step, promised=(*step.promised, line))
    if step:
        yield step


def _script(steps: list[Step]) -> str:
    lines = ["status=0"]
    for step, following in pairwise([*steps, Step(0, "")]):
        lines += [f"echo '{MARK} begins'", '(exit "$status")', step.command, "status=$?", f'echo "{MARK} $status"']
        if following.command != EXIT_CODE:
            lines.append("((status == 0)) || exit")
    return "\n".join(lines)


def _outcomes(steps: list[Step], text: str) -> Iterator[Outcome]:
    found = re.findall(rf"{MARK} begins\n(.*?){MARK} (\d+)\n", text, re.DOTALL)
    for step, (output, status) in zip(steps, found, strict=False):
        yield Outcome(step, output, int(status))


def _is_kept(promised: tuple[str, ...], output: str) -> bool:
    return not promised or re.fullmatch("".join(map(_pattern, promised)), output.rstrip() + "\n") is not None


def _pattern(line: str) -> str:
    """Of a line as the page shows it: … stands for any text, alone for any lines, and spaces may be more."""
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*?"
    parts = [r"\s+".join(map(re.escape, part.split())) for part in re.split(f" *{ANYTHING} *", line)]
    return rf"\s*{'.*'.join(parts)}\s*\n"


def _told(outcome: Outcome) -> str:
    step = outcome.step
    promised = "\n".join(step.promised) or "(nothing said)"
    return (
        f"line {step.line}: {step.command}\nended with {outcome.status} and printed\n{outcome.output}"
        f"where the page has\n{promised}"
    )
