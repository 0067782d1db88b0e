"""The operator as it runs in the cluster, seen through the API server's proxies."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi_fleet.kube.http_client import MERGE
from fastapi_fleet.kube.kinds import DEPLOYMENT, POD, Object

from operator_bench.api_server import ApiServer, MeasurementError, poll
from operator_bench.metrics import Metrics, parse_metrics
from operator_bench.operators import Usage

NAMESPACE = "fastapi-fleet-system"
NAME = "fastapi-fleet"
CONTAINER = "operator"
PORT = 8080
START_SECONDS = 180.0
REPLICAS = 2
"""As the chart has it. One is measured: whoever stands by only watches."""


class ClusterOperator:
    """Its Deployment, scaled between none and one."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._path = DEPLOYMENT.path(NAMESPACE, NAME)

    async def start(self) -> float:
        await self.scale(1)
        pod = await poll("start of the operator's pod", self._started_pod, START_SECONDS)
        path = f"{_proxy(pod)}/readyz"

        async def ready() -> float | None:
            return None if await self._api.text(path) is None else time.time()

        return await poll("readiness of the operator", ready, START_SECONDS)

    async def stop(self) -> None:
        await self.scale(0)

        async def gone() -> bool | None:
            return None if await self._pods() else True

        await poll("end of the operator's pod", gone, START_SECONDS)

    async def metrics(self) -> Metrics:
        text = await self._api.text(f"{_proxy(await self._pod())}/metrics")
        if text is None:
            raise MeasurementError("the operator's /metrics does not answer")
        return parse_metrics(text)

    async def usage(self) -> Usage:
        pod = await self._pod()
        node = pod["spec"]["nodeName"]
        summary = await self._api.text(f"/api/v1/nodes/{node}/proxy/stats/summary")
        if summary is None:
            raise MeasurementError(f"the kubelet of {node} does not answer /stats/summary")
        stats = _container_stats(json.loads(summary), pod["metadata"]["uid"])
        return Usage(
            at=datetime.fromisoformat(stats["cpu"]["time"]).timestamp(),
            cpu_seconds=stats["cpu"]["usageCoreNanoSeconds"] / 1e9,
            working_set_bytes=stats["memory"]["workingSetBytes"],
            rss_bytes=stats["memory"]["rssBytes"],
        )

    async def require_installed(self) -> None:
        """Raises MeasurementError when the cluster has no operator."""
        if await self._api.find(self._path) is None:
            raise MeasurementError(f"there is no Deployment {NAMESPACE}/{NAME}: `make up` installs the operator")

    async def scale(self, replicas: int) -> None:
        await self._api.call("PATCH", f"{self._path}/scale", {"spec": {"replicas": replicas}}, content_type=MERGE)

    async def _pod(self) -> Object:
        pod = await self._started_pod()
        if pod is None:
            raise MeasurementError("the operator's pod does not run")
        return pod

    async def _started_pod(self) -> Object | None:
        pods = [pod for pod in await self._pods() if not pod["metadata"].get("deletionTimestamp")]
        return next((pod for pod in pods if pod["status"].get("phase") == "Running"), None)

    async def _pods(self) -> list[Object]:
        selector = f"app.kubernetes.io/name={NAME},app.kubernetes.io/instance={NAME}"
        return await self._api.kube.list_objects(POD, NAMESPACE, selector)


@asynccontextmanager
async def running_afterwards(operator: ClusterOperator) -> AsyncIterator[None]:
    """However the context ends, the operator is asked to run again, also one that a killed run had left stopped."""
    await operator.require_installed()
    try:
        yield
    finally:
        await operator.scale(REPLICAS)


def _proxy(pod: Object) -> str:
    return f"/api/v1/namespaces/{NAMESPACE}/pods/{pod['metadata']['name']}:{PORT}/proxy"


def _container_stats(summary: Mapping[str, Any], uid: str) -> Mapping[str, Any]:
    for pod in summary["pods"]:
        for container in pod.get("containers", ()):
            if pod["podRef"]["uid"] == uid and container["name"] == CONTAINER and "memory" in container:
                stats: Mapping[str, Any] = container
                return stats
    raise MeasurementError("the kubelet does not know the operator's container yet")
