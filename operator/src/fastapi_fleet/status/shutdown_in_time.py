"""ShutdownInTime: a warning that a command of the spec cannot end within the shutdown budget.

Ready does not wait for it. Of commands that it does not know it says nothing.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.deployment import uvicorn_command
from fastapi_fleet.resources.worker import worker_spec
from fastapi_fleet.status.conditions import Finding, fails
from fastapi_fleet.status.facts import ServiceFacts

KIND = ConditionType.SHUTDOWN_IN_TIME

_SHELLS = frozenset({"sh", "ash", "bash", "dash"})
_COMPOUND = ("&&", "||", ";", "|", "\n")
_PROGRAM_WORDS = 3
"""`python -m uvicorn`: within these words stands the program."""

_GUNICORN_SECONDS = 30
"""What gunicorn waits for requests where nothing is said."""


def shutdown_in_time(facts: ServiceFacts) -> Finding | None:
    """The service's own, else the worker's, told as such."""
    if facts.spec is None:
        return None
    finding = _judged_command(facts.spec)
    if finding is not None or facts.spec.worker is None:
        return finding
    of_worker = _judged_command(worker_spec(facts.spec, facts.spec.worker))
    return replace(of_worker, message=f"worker: {of_worker.message}") if of_worker is not None else None


def _judged_command(spec: FastAPIServiceSpec) -> Finding | None:
    words = [*(spec.command or uvicorn_command(spec)), *(spec.args or [])]
    script = _script(words)
    if script is not None:
        if _keeps_the_signal(script):
            message = "the shell does not pass SIGTERM on: begin the last command of the script with exec"
            return fails(KIND, Reason.SIGNAL_NOT_PASSED_ON, message)
        words = _words(script.rpartition("exec ")[2])
    return _too_slow(words, _literal_variables(spec), spec.shutdown.graceful_timeout_seconds)


def _too_slow(words: Sequence[str], variables: Mapping[str, str], budget: int) -> Finding | None:
    programs = {PurePosixPath(word).name for word in words[:_PROGRAM_WORDS]}
    if "fastapi" in programs:
        message = f"fastapi run waits for requests without end: run uvicorn --timeout-graceful-shutdown {budget}"
        return fails(KIND, Reason.GRACEFUL_TIMEOUT_MISSING, message)
    if "uvicorn" in programs:
        option = "--timeout-graceful-shutdown"
        return _judged(option, _option(words, option) or variables.get("UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN"), budget)
    if "gunicorn" in programs:
        return _judged("--graceful-timeout", _option(words, "--graceful-timeout") or str(_GUNICORN_SECONDS), budget)
    return None


def _judged(option: str, seconds: str | None, budget: int) -> Finding | None:
    if seconds is None:
        message = f"requests in flight are waited for without end: add {option} {budget}"
        return fails(KIND, Reason.GRACEFUL_TIMEOUT_MISSING, message)
    if seconds.isdecimal() and int(seconds) > budget:
        message = f"{option} is {seconds} s, and shutdown leaves {budget} s: lower it or raise gracePeriodSeconds"
        return fails(KIND, Reason.GRACEFUL_TIMEOUT_TOO_LONG, message)
    return None


def _option(words: Sequence[str], option: str) -> str | None:
    """Its value, the last one where it is given twice."""
    found = None
    for word, following in zip(words, [*words[1:], None], strict=True):
        if word == option:
            found = following
        elif word.startswith(f"{option}="):
            found = word.partition("=")[2]
    return found


def _script(words: Sequence[str]) -> str | None:
    """What a shell is to run, where the command is one."""
    if PurePosixPath(words[0]).name not in _SHELLS or "-c" not in words[:-1]:
        return None
    return words[words.index("-c") + 1]


def _keeps_the_signal(script: str) -> bool:
    """A shell becomes a single command by itself, and the last of several by exec only."""
    return "exec " not in script and any(sign in script for sign in _COMPOUND)


def _words(script: str) -> list[str]:
    try:
        return shlex.split(script)
    except ValueError:
        return []


def _literal_variables(spec: FastAPIServiceSpec) -> Mapping[str, str]:
    return {**spec.config, **{variable.name: variable.value for variable in spec.env if variable.value is not None}}
