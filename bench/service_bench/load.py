"""Load by wrk: so many connections, each sending its next request when it has the answer to the last."""

import json
import subprocess
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from service_bench.applications import Running
from service_bench.cores import Cores, pinned
from service_bench.errors import MeasurementError

SCRIPT = Path(__file__).with_name("load.lua")


class Kind(StrEnum):
    GET = "get"
    POST = "post"


@dataclass(frozen=True)
class Sample:
    """One round. Latencies are in milliseconds, `cpu` is the application's, in microseconds a request."""

    per_second: float
    p50: float
    p90: float
    p99: float
    cpu: float


class Load:
    """Sends requests of one kind, each new user only once however often it runs.

    Args:
        cores: where wrk may run.
        connections: how many are open.
        token: what GET asks with.
    """

    def __init__(self, cores: Cores, connections: int, token: str) -> None:
        self._cores = cores
        self._connections = connections
        self._token = token
        self._runs = 0

    def run(self, application: Running, kind: Kind, path: str, seconds: int) -> Sample:
        """Loads an application for so many seconds.

        Raises:
            MeasurementError: an answer was no success, or wrk failed.
        """
        self._runs += 1
        before = application.cpu_seconds()
        result = self._wrk(f"http://127.0.0.1:{application.port}{path}", kind, seconds)
        cpu = application.cpu_seconds() - before
        if result["failed"] or not result["requests"]:
            raise MeasurementError(f"{result['failed']} of {result['requests']} requests to {path} failed")
        return Sample(
            per_second=result["requests"] / result["microseconds"] * 1e6,
            p50=result["p50"] / 1000,
            p90=result["p90"] / 1000,
            p99=result["p99"] / 1000,
            cpu=cpu / result["requests"] * 1e6,
        )

    def _wrk(self, url: str, kind: Kind, seconds: int) -> dict[str, int]:
        command = ["wrk", "--threads", "1", "--connections", str(self._connections), "--duration", f"{seconds}s"]
        if kind is Kind.GET:
            command += ["--header", f"Authorization: Bearer {self._token}"]
        command += ["--script", str(SCRIPT), url, "--", kind, f"run-{self._runs}"]
        try:
            done = subprocess.run(pinned(self._cores.others, command), check=False, capture_output=True, text=True)
        except FileNotFoundError:
            raise MeasurementError("taskset is missing: install the package util-linux") from None
        if done.returncode != 0:
            raise MeasurementError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
        answer: dict[str, int] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer
