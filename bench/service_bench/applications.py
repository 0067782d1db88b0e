"""The applications that are measured, each a process on the one core."""

import http.client
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from service_bench.cores import Cores, pinned
from service_bench.database import ROOT, free_port
from service_bench.errors import MeasurementError

BENCH = Path(__file__).parents[1]
USERS = ROOT / "services/users"
START_SECONDS = 30.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.005
JWT_SECRET = secrets.token_urlsafe(32)
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Application:
    """How to start one. `ready_path` answers 200 once it can serve."""

    name: str
    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    ready_path: str


class Running:
    """An application that is up.

    Attributes:
        port: where it listens.
        start_seconds: from the start of its process to the first answer that it is ready.
        start_cpu_seconds: the CPU time that it had used by then.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, start_seconds: float) -> None:
        self._process = process
        self.port = port
        self.start_seconds = start_seconds
        self.start_cpu_seconds = self.cpu_seconds()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_seconds(self) -> float:
        """User and system time since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        """Memory that it holds, shared pages included."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024


def users_service(database_url: str) -> Application:
    """The users service by the command of its image, without relay and consumers, which need a broker."""
    settings = {
        "DATABASE_URL": database_url,
        "RABBITMQ_URL": "amqp://bench:bench@127.0.0.1:1/bench",
        "JWT_SECRET": JWT_SECRET,
        "PROCESS": "web",
    }
    return Application("service", _image_command(), USERS, settings, "/health/ready")


def floor_app(database_url: str) -> Application:
    """The smallest application, with uvicorn's own log switched off."""
    command = ("python", "-m", "uvicorn", "service_bench.floor_app:app", "--no-access-log")
    return Application("floor", command, BENCH, {"DATABASE_URL": database_url}, "/openapi.json")


def template_app(database_url: str) -> Application:
    """The usual application, as `fastapi run` serves it: with uvicorn's own log."""
    command = ("python", "-m", "uvicorn", "service_bench.template_app:app")
    return Application("template", command, BENCH, {"DATABASE_URL": database_url}, "/openapi.json")


@contextmanager
def running(application: Application, cores: Cores, log_folder: Path) -> Iterator[Running]:
    """Starts an application, yields it once it is ready, and ends it.

    What it writes goes to `NAME.log` in `log_folder`, through a pipe that is read all the time, as in a container.

    Raises:
        MeasurementError: it does not become ready.
    """
    port = free_port()
    command = [*_without_address(application.command), "--host", "127.0.0.1", "--port", str(port)]
    log_file = log_folder / f"{application.name}.log"
    environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **application.environment}
    with log_file.open("ab") as log, _pipe_to(log, cores) as pipe:
        started = time.monotonic()
        process = subprocess.Popen(
            pinned(cores.application, [sys.executable, *command[1:]]),
            cwd=application.folder,
            env=environment,
            stdout=pipe,
            stderr=pipe,
        )
        try:
            _wait_until_ready(process, port, application.ready_path, log_file)
            yield Running(process, port, time.monotonic() - started)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


@contextmanager
def _pipe_to(log: IO[bytes], cores: Cores) -> Iterator[IO[bytes]]:
    reader = subprocess.Popen(pinned(cores.others, ["cat"]), stdin=subprocess.PIPE, stdout=log)
    if reader.stdin is None:
        raise AssertionError
    try:
        yield reader.stdin
    finally:
        reader.stdin.close()
        reader.wait(STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str, log_file: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while _status(port, path) != http.client.OK:
        if process.poll() is not None or time.monotonic() > deadline:
            raise MeasurementError(f"{log_file.stem} did not become ready: see {log_file}")
        time.sleep(POLL_SECONDS)


def _status(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


def _image_command() -> tuple[str, ...]:
    last = (USERS / "Dockerfile").read_text(encoding="utf-8").rpartition("\nCMD ")[2]
    return tuple(json.loads(last))


def _without_address(command: tuple[str, ...]) -> list[str]:
    given = iter(command)
    return [part for part in given if part not in {"--host", "--port"} or not next(given)]
