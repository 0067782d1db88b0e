"""The operator as a process of this machine: the code of the work tree, easy to profile."""

import asyncio
import os
import sys
import time
from pathlib import Path

import aiohttp

from operator_bench.api_server import MeasurementError, poll
from operator_bench.metrics import Metrics, parse_metrics
from operator_bench.operators import Usage

START_SECONDS = 60.0
STOP_SECONDS = 30.0


class ProcessOperator:
    """Looks after one namespace only, with the current context of the kubeconfig."""

    def __init__(self, http: aiohttp.ClientSession, *, port: int, namespace: str, log: Path) -> None:
        self._http = http
        self._url = f"http://127.0.0.1:{port}"
        self._environment = os.environ | {"FLEET_PORT": str(port), "FLEET_WATCH_NAMESPACES": namespace}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> float:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "fastapi_fleet", env=self._environment, stdout=log, stderr=log
            )

        async def ready() -> float | None:
            return None if await self._get("/readyz") is None else time.time()

        return await poll(f"start of the operator (see {self._log})", ready, START_SECONDS)

    async def stop(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        self._process = None

    async def metrics(self) -> Metrics:
        text = await self._get("/metrics")
        if text is None:
            raise MeasurementError(f"the operator's /metrics does not answer: see {self._log}")
        return parse_metrics(text)

    async def usage(self) -> Usage:
        """A process has no working set of its own: its resident memory stands for both."""
        now = await self.metrics()
        return Usage(
            at=time.time(),
            cpu_seconds=now.cpu_seconds,
            working_set_bytes=now.resident_bytes,
            rss_bytes=now.resident_bytes,
        )

    async def _get(self, path: str) -> str | None:
        try:
            async with self._http.get(self._url + path) as response:
                return await response.text() if response.ok else None
        except aiohttp.ClientConnectorError:
            return None
