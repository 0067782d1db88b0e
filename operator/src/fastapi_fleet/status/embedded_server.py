"""How far an embedded server is: by its StatefulSet and, while that is not available, by what its pods say."""

from collections.abc import Iterable
from typing import Any

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.status.conditions import is_current
from fastapi_fleet.status.facts import BackendState, LiveObject
from fastapi_fleet.status.pods import first_cause


def state_of_server(
    server: str, stateful_set: LiveObject, pods: Iterable[LiveObject], secret_values: Iterable[str]
) -> BackendState:
    """`server`: what people call it. `secret_values`: what must never show in the message."""
    if _is_available(stateful_set):
        return BackendState(ready=True, reason=Reason.AVAILABLE, message=f"{server} is ready")
    cause = first_cause(pods, secret_values)
    if cause is not None:
        return BackendState(ready=False, reason=cause.reason, message=cause.message)
    return BackendState(ready=False, reason=Reason.BACKEND_NOT_READY, message=f"{server} is starting")


def _is_available(stateful_set: LiveObject) -> bool:
    status: dict[str, Any] = stateful_set.get("status") or {}
    is_newest = status.get("currentRevision") == status.get("updateRevision")
    is_whole: bool = status.get("readyReplicas", 0) >= stateful_set["spec"]["replicas"]
    return is_current(status, stateful_set) and is_newest and is_whole
