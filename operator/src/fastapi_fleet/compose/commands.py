"""The command of a Compose service: uvicorn's becomes app, port and workers, by which the operator owns it."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_APP = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*")
_RUNNERS = (["poetry", "run"], ["uv", "run"], ["pipenv", "run"], ["pdm", "run"], ["exec"], ["python", "-m"])
_SHELLS = frozenset({"sh", "bash", "/bin/sh", "/bin/bash", "ash"})
_SHELL_SYNTAX = re.compile(r"[;|<>`$(){}*&]")

_OWN = frozenset({"--host", "--timeout-graceful-shutdown", "--app"})
"""Options that the operator gives, or that mean nothing to it; each with a value."""
_DEVELOPMENT = frozenset({"--reload-dir", "--reload-include", "--reload-exclude", "--reload-delay"})
_DROPPED_FLAGS = frozenset({"--reload", "--no-server-header", "--no-reload"})
_FLAGS = frozenset(
    {"--proxy-headers", "--no-proxy-headers", "--factory", "--use-colors", "--no-use-colors", "--access-log"}
    | {"--no-access-log", "--date-header", "--no-date-header", "--server-header"}
)
_PORT = re.compile(r"(?:^|\s)(?:--port|-p|--bind|-b)[=\s]+(?:[^\s:]*:)?(\d{2,5})(?=\s|$)")


@dataclass(frozen=True)
class Launch:
    """Fields of a spec that start the process."""

    app: str | None = None
    port: int | None = None
    workers: int | None = None
    args: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    """What a shell ran before the server."""


def launch_of(words: Sequence[str]) -> Launch:
    """What a command starts, uvicorn understood and everything else word for word."""
    before, server = _split_shell(list(words))
    inside = _without_runners(server)
    understood: Launch | None = None
    if inside[:1] == ["uvicorn"]:
        understood = _uvicorn(inside[1:], before)
    elif inside[:2] in (["fastapi", "run"], ["fastapi", "dev"]):
        understood = _fastapi(inside[2:], before)
    return understood or Launch(port=_port_in(words), command=tuple(words))


def _split_shell(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """`sh -c "alembic upgrade head && uvicorn app:app"` as what comes first, and the server."""
    if len(words) != len(("sh", "-c", "line")) or words[0] not in _SHELLS or words[1] not in ("-c", "-lc"):
        return (), words
    steps = [step.strip() for step in words[2].split("&&")]
    if len(steps) > len(("before", "server")) or any(_SHELL_SYNTAX.search(step) for step in steps):
        return (), words
    return (tuple(shlex.split(steps[0])) if len(steps) > 1 else ()), shlex.split(steps[-1])


def _without_runners(words: list[str]) -> list[str]:
    for runner in _RUNNERS:
        if words[: len(runner)] == runner and words[len(runner) :]:
            return _without_runners(words[len(runner) :])
    return words


def _uvicorn(words: list[str], before: tuple[str, ...]) -> Launch | None:
    options, rest, targets = _options(words)
    if len(targets) != 1 or not _APP.fullmatch(targets[0]):
        return None
    return _launch(targets[0], options, rest, before)


def _fastapi(words: list[str], before: tuple[str, ...]) -> Launch | None:
    """`fastapi run app/main.py` looks for `app` in the module of the file."""
    options, rest, targets = _options(words)
    module = targets[0].removeprefix("./").removesuffix(".py").replace("/", ".") if targets else ""
    app = f"{module}:{options.get('--app', 'app')}"
    if len(targets) != 1 or not _APP.fullmatch(app):
        return None
    return _launch(app, options, rest, before)


def _launch(app: str, options: dict[str, str], rest: list[str], before: tuple[str, ...]) -> Launch | None:
    port, workers = (options.get(name, "") for name in ("--port", "--workers"))
    if any(text and not text.isdecimal() for text in (port, workers)):
        return None
    return Launch(app, int(port) if port else None, int(workers) if workers else None, tuple(rest), before=before)


def _options(words: list[str]) -> tuple[dict[str, str], list[str], list[str]]:
    """Options that the operator sets itself, those to hand on, and what is no option."""
    own: dict[str, str] = {}
    rest: list[str] = []
    targets: list[str] = []
    for name, value in _pairs(words):
        if not name.startswith("-"):
            targets.append(name)
        elif name in ("--port", "--workers") or name in _OWN:
            own[name] = value or ""
        elif name not in _DROPPED_FLAGS and name not in _DEVELOPMENT:
            rest += [name] if value is None else [name, value]
    return own, rest, targets


def _pairs(words: list[str]) -> Iterator[tuple[str, str | None]]:
    waiting = iter(words)
    for word in waiting:
        name, equals, value = word.partition("=")
        if not word.startswith("-") or name in _FLAGS or name in _DROPPED_FLAGS:
            yield word, None
        else:
            yield {"-p": "--port"}.get(name, name), value if equals else next(waiting, "")


def _port_in(words: Sequence[str]) -> int | None:
    found = _PORT.search(" ".join(words))
    return int(found[1]) if found else None
