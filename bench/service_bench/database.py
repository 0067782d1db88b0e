"""A PostgreSQL of the measurement's own, in a container on the host's network."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service_bench.cores import Cores
from service_bench.errors import MeasurementError

ROOT = Path(__file__).parents[2]
NAME = "bench"
START_SECONDS = 60.0
# No commit waits for the disk: all sides would wait for it alike, which hides how they differ.
SERVER_OPTIONS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1"]


@contextmanager
def database(cores: Cores) -> Iterator[str]:
    """Starts the server, yields the URL of an empty database, and removes both at the end.

    Raises:
        MeasurementError: it does not start.
    """
    port, password = free_port(), secrets.token_urlsafe(16)
    account = [f"POSTGRES_USER={NAME}", f"POSTGRES_PASSWORD={password}", f"POSTGRES_DB={NAME}"]
    environment = [part for variable in account for part in ("--env", variable)]
    options = [part for option in [*SERVER_OPTIONS, f"port={port}"] for part in ("-c", option)]
    place = ["--network", "host", "--cpuset-cpus", ",".join(map(str, sorted(cores.others)))]
    container = _run(["docker", "run", "--detach", "--rm", *place, *environment, _image(), *options])
    try:
        _wait_until_it_accepts(container, port)
        yield f"postgresql://{NAME}:{password}@127.0.0.1:{port}/{NAME}"
    finally:
        _run(["docker", "stop", "--timeout", "5", container])


def free_port() -> int:
    """A TCP port of the loopback address on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _image() -> str:
    names = dict(line.split("=", 1) for line in _run([str(ROOT / "hack/write-image-names.sh")]).splitlines())
    return names["POSTGRES_IMAGE"]


def _wait_until_it_accepts(container: str, port: int) -> None:
    ready = ["docker", "exec", container, "pg_isready", "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    deadline = time.monotonic() + START_SECONDS
    while subprocess.run(ready, check=False, capture_output=True).returncode != 0:
        if time.monotonic() > deadline:
            raise MeasurementError(f"PostgreSQL did not start: docker logs {container}")
        time.sleep(0.2)


def _run(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise MeasurementError(f"{command[0]} {command[1]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()
