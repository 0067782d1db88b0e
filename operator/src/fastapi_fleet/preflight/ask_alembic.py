"""Runs a command of Alembic, unless the image's scripts and the database's revisions say that it need or must not be.

usage: python3 -c SOURCE POLICY FILE COMMAND [ARGUMENT...]

POLICY is Allow or Block: whether a database may be ahead of the scripts. Where COMMAND is left out or refused, what was
found goes into FILE as JSON, and this ends with 0 or with REFUSED. Otherwise COMMAND takes the place of this process,
which keeps the connection that holds a lock in the database of DATABASE_URL: whoever comes meanwhile waits.
Runs in whatever image a service has: it needs the standard library of Python 3.9, and nothing else.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, NoReturn

REFUSED = 86
"""Unlike what commands end with by themselves: after it there is no other attempt."""

ALLOW, BLOCK = "Allow", "Block"
CURRENT, AHEAD, SEVERAL_HEADS = "current", "ahead", "several"
TO_HEAD, TO_HEADS = "head", "heads"

ALEMBIC, KIT = "alembic", "fleetkit.migrate"
KIT_FOLDER = "migrations"

MOST_REVISIONS, REVISION_LIMIT = 8, 64

LOCK_KEY = 8_264_511_093
"""Not the one of fleetkit's command, which takes its own in a connection of its own."""

LOCK = (
    "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL statement_timeout = 0; "
    f"SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({LOCK_KEY})"
)
"""Of a transaction, which keeps neither rows nor tables: a pooler before the server gives no lock of a session back."""

HELD: list[object] = []
"""What would close its connection as soon as nobody refers to it."""

Answer = dict[str, Any]


class AbsentError(Exception):
    """The image has no Alembic, or no scripts where it looks for them."""


class Tool(NamedTuple):
    """A command that does what Alembic does, and nothing else. `python`: what it runs on."""

    name: str
    python: str
    arguments: Sequence[str]


class Scripts(NamedTuple):
    """`heads`: the revisions that no other of them follows."""

    revisions: frozenset[str]
    heads: frozenset[str]


def tool_of(command: Sequence[str]) -> Tool | None:
    """None for a command of which nobody knows what else it does."""
    program = PurePosixPath(command[0])
    if program.name == ALEMBIC:
        return Tool(ALEMBIC, str(program.with_name("python3")), command[1:])
    if re.fullmatch(r"python[0-9.]*", program.name) and command[1:2] == ["-m"] and command[2:3] in ([ALEMBIC], [KIT]):
        return Tool(command[2], command[0], command[3:])
    return None


def judge(policy: str, target: str, scripts: Scripts, databases: Sequence[frozenset[str]]) -> str | None:
    """Why the command is left out or refused. None where it is to run. `target`: "" for no upgrade to the newest."""
    if any(revisions - scripts.revisions for revisions in databases):
        return AHEAD if target or policy == BLOCK else None
    if target == TO_HEAD and len(scripts.heads) > 1:
        return SEVERAL_HEADS
    if target and all(revisions == scripts.heads for revisions in databases):
        return CURRENT
    return None


def is_refused(policy: str, outcome: str) -> bool:
    return outcome == SEVERAL_HEADS or (outcome == AHEAD and policy == BLOCK)


def lock(url: str) -> None:
    """Wait for whoever migrates the database, then keep others waiting until this process ends, whatever it runs.

    Raises ModuleNotFoundError where the image has no driver that is known; and whatever that raises.
    """
    for connect in (lock_by_asyncpg, lock_by_psycopg, lock_by_psycopg2):
        try:
            file, *connection = connect(url)
        except ModuleNotFoundError:
            continue
        os.set_inheritable(file, True)
        HELD.extend(connection)
        return
    raise ModuleNotFoundError("neither asyncpg nor psycopg")


def lock_by_asyncpg(url: str) -> tuple[Any, ...]:
    asyncpg: Any = importlib.import_module("asyncpg")
    # Here alone: those who render the Job import this module, and do nothing that waits.
    loop = importlib.import_module("asyncio").new_event_loop()
    connection = loop.run_until_complete(asyncpg.connect(url))
    loop.run_until_complete(connection.execute(LOCK))
    return connection._transport.get_extra_info("socket").fileno(), connection, loop  # noqa: SLF001 - no other way to it


def lock_by_psycopg(url: str) -> tuple[Any, ...]:
    psycopg: Any = importlib.import_module("psycopg")
    connection = psycopg.connect(url, autocommit=True)
    connection.execute(LOCK)
    return connection.fileno(), connection


def lock_by_psycopg2(url: str) -> tuple[Any, ...]:
    psycopg2: Any = importlib.import_module("psycopg2")
    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(LOCK)
    return connection.fileno(), connection


def ask(policy: str, tool: Tool) -> Answer | None:
    """Raises AbsentError; and whatever Alembic, the scripts and the database raise."""
    config, target = configuration(tool)
    scripts, databases = revisions(config)
    outcome = judge(policy, target, scripts, databases)
    if outcome is None:
        return None
    return {
        "outcome": outcome,
        "heads": told(scripts.heads),
        "database": told(frozenset().union(*databases)),
        "unknown": told(frozenset().union(*databases) - scripts.revisions),
    }


def configuration(tool: Tool) -> tuple[Any, str]:
    """Alembic's configuration as the command has it, and what it upgrades to."""
    try:
        from alembic.config import CommandLine, Config
    except ModuleNotFoundError as error:
        raise AbsentError(str(error)) from error
    if tool.name == KIT:
        config = Config()
        folder = Path.cwd() / (tool.arguments[0] if tool.arguments else KIT_FOLDER)
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        return config, TO_HEAD
    asked: list[Any] = []
    line: Any = CommandLine(ALEMBIC)
    line.run_cmd = lambda config, options: asked.extend((config, options))
    line.main(list(tool.arguments))
    config, options = asked
    is_upgrade = options.cmd[0].__name__ == "upgrade" and not options.sql and options.revision in (TO_HEAD, TO_HEADS)
    return config, options.revision if is_upgrade else ""


def revisions(config: Any) -> tuple[Scripts, list[frozenset[str]]]:  # noqa: ANN401 - a Config of the image's Alembic
    """Of the scripts, and of each database that the environment of Alembic leads to."""
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    try:
        directory = ScriptDirectory.from_config(config)
    except CommandError as error:
        raise AbsentError(str(error)) from error
    scripts = Scripts(
        frozenset(script.revision for script in directory.walk_revisions()), frozenset(directory.get_heads())
    )
    databases: list[frozenset[str]] = []

    def look(current: Sequence[str], _: object) -> list[Any]:
        databases.append(frozenset(current))
        return []

    with EnvironmentContext(config, directory, fn=look, dont_mutate=True):
        directory.run_env()
    if not databases:
        raise LookupError("the environment of Alembic looks at no database")
    return scripts, databases


def told(found: frozenset[str]) -> list[str]:
    return [revision[:REVISION_LIMIT] for revision in sorted(found)[:MOST_REVISIONS]]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of the Job


def first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def main(policy: str, file: str, *command: str) -> NoReturn:
    environment = dict(os.environ)
    tool = tool_of(list(command))
    if tool is not None and tool.python != command[0] and sys.path[0] == "":
        del sys.path[0]  # Alembic's own program does not look for modules in the working directory
    if tool is not None and tool.name == ALEMBIC:
        try:
            lock(environment["DATABASE_URL"])
        except Exception as error:  # noqa: BLE001 - whatever drivers raise; without a database there is nothing to lock
            say(f"No lock, others may migrate at the same time: {first_line(error)}")
    try:
        answer = ask(policy, tool) if tool else None
    except AbsentError:
        answer = None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the command says itself what is wrong
        say(f"It is not known what the database has: {first_line(error)}")
        if policy == BLOCK:
            os._exit(1)
        answer = None
    if answer is None:
        os.execvpe(command[0], command, environment)  # noqa: S606 - the command of the spec, as Kubernetes would run it
    Path(file).write_text(json.dumps(answer), encoding="ascii")
    os._exit(REFUSED if is_refused(policy, answer["outcome"]) else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
