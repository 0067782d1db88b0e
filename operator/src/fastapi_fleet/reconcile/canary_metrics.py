"""What the pods of a canary say of themselves, as one verdict."""

import asyncio
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final, Protocol

from fastapi_fleet.api.canary_spec import Analysis
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_TRACK
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.resources.canary import TRACK
from fastapi_fleet.resources.manifest import label_of
from fastapi_fleet.status.canary_analysis import Measured, Verdict, judged, read_metrics, together
from fastapi_fleet.status.revisions import revision_of

MOST_PODS: Final = 50
"""More would tell no more, and each is a connection."""

DEFAULT_PATH: Final = "/metrics"


class MetricsReader(Protocol):
    async def read(self, address: str, port: int, path: str) -> str:
        """Raises BackendUnavailableError."""
        ...


class CanaryMetrics:
    def __init__(self, reader: MetricsReader) -> None:
        self._reader = reader

    async def verdict(self, analysis: Analysis, spec: FastAPIServiceSpec, pods: Iterable[Object]) -> Verdict:
        """Of all pods together; one that does not answer may be the one that fails."""
        path = spec.monitoring.path if spec.monitoring is not None else DEFAULT_PATH
        asked = sorted(pods, key=lambda pod: str(pod["metadata"]["name"]))[:MOST_PODS]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._measured(pod, spec.port, path)) for pod in asked]
        except* BackendUnavailableError as failures:
            verdict = Verdict("unmeasured", str(failures.exceptions[0]))
        else:
            verdict = judged(analysis, together(task.result() for task in tasks))
        return verdict

    async def _measured(self, pod: Object, port: int, path: str) -> Measured:
        """Where the pod is, the kubelet says, and no spec."""
        name, address = pod["metadata"]["name"], (pod.get("status") or {}).get("podIP")
        if address is None or not _is_of_a_pod(address):
            raise BackendUnavailableError(f"pod {name} has no address")
        try:
            return read_metrics(await self._reader.read(address, port, path))
        except ValueError:
            raise BackendUnavailableError(f"pod {name}: {path} is not in the format of Prometheus") from None
        except BackendUnavailableError as error:
            raise BackendUnavailableError(f"pod {name}: {error.message}") from error


def canary_pods_of(pods: Iterable[Object], revision: str) -> list[Object]:
    """Those of the revision that stay."""
    return [
        pod
        for pod in pods
        if is_of_canary(pod) and revision_of(pod) == revision and not pod["metadata"].get("deletionTimestamp")
    ]


def is_of_canary(pod: Object) -> bool:
    return label_of(pod, LABEL_TRACK) == TRACK


def _is_of_a_pod(address: str) -> bool:
    """Whoever may write the status of pods must not have the operator ask its own node, or the cloud's metadata."""
    told = ip_address(address)
    return not (told.is_loopback or told.is_link_local or told.is_unspecified or told.is_multicast)
