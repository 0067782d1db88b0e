"""Why pods do not come up: container, reason, exit code and last line of the log, with secrets hidden."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.status.facts import LiveObject

_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_LAST_LINE_LIMIT = 200

_WAITING = {
    "ErrImagePull": Reason.IMAGE_PULL_FAILED,
    "ImagePullBackOff": Reason.IMAGE_PULL_FAILED,
    "ErrImageNeverPull": Reason.IMAGE_PULL_FAILED,
    "InvalidImageName": Reason.IMAGE_PULL_FAILED,
    "CrashLoopBackOff": Reason.CRASH_LOOP,
    "CreateContainerConfigError": Reason.CONTAINER_CONFIG_INVALID,
    "CreateContainerError": Reason.CONTAINER_CONFIG_INVALID,
    "RunContainerError": Reason.CONTAINER_CONFIG_INVALID,
}
"""The kubelet's words for a container that waits, of those that do not pass by themselves."""

_MIN_RESTARTS = 1
"""A process that has ended once and was started again is a crash already; waiting for the back-off would hide it."""


@dataclass(frozen=True)
class Cause:
    reason: Reason
    message: str


def first_cause(pods: Iterable[LiveObject], secret_values: Iterable[str] = ()) -> Cause | None:
    """The first cause that a person can act on. None while the pods are merely starting."""
    hidden = tuple(secret_values)
    for pod in pods:
        for cause in _causes(pod):
            return Cause(cause.reason, hide_secrets(cause.message, hidden))
    return None


def hide_secrets(text: str, secret_values: Iterable[str]) -> str:
    """Text without the known values and without what stands for a password in a URL."""
    for value in sorted(filter(None, secret_values), key=len, reverse=True):
        text = text.replace(value, "***")
    return _URL_PASSWORD.sub(r"\1:***@", text)


def _causes(pod: LiveObject) -> Iterator[Cause]:
    status: Mapping[str, Any] = pod.get("status") or {}
    name = pod["metadata"]["name"]
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield Cause(Reason.UNSCHEDULABLE, f"pod {name}: {condition.get('message', 'no node fits')}")
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        yield from _container_causes(name, container)


def _container_causes(pod: str, container: Mapping[str, Any]) -> Iterator[Cause]:
    where = f"container {container['name']} of pod {pod}"
    ended = _ended(container)
    if ended is not None and ended.get("reason") == "OOMKilled":
        yield Cause(Reason.OUT_OF_MEMORY, f"{where} was killed: it used more memory than its limit")
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = _WAITING.get(waiting.get("reason", ""))
    if reason is Reason.CRASH_LOOP or (reason is None and _has_crashed(container, ended)):
        yield Cause(Reason.CRASH_LOOP, f"{where} {_how_it_ended(ended)}")
    elif reason is not None:
        yield Cause(reason, f"{where}: {waiting.get('message') or waiting['reason']}")


def _ended(container: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        if state.get("terminated"):
            ended: Mapping[str, Any] = state["terminated"]
            return ended
    return None


def _has_crashed(container: Mapping[str, Any], ended: Mapping[str, Any] | None) -> bool:
    if container.get("ready") or ended is None or ended.get("exitCode") == 0:
        return False
    return container.get("restartCount", 0) >= _MIN_RESTARTS or "terminated" in (container.get("state") or {})


def _how_it_ended(ended: Mapping[str, Any] | None) -> str:
    if ended is None:
        return "keeps ending; its log tells why"
    lines = [line for line in (ended.get("message") or "").splitlines() if line.strip()]
    last_line = f": {lines[-1].strip()[-_LAST_LINE_LIMIT:]}" if lines else ""
    return f"ended with exit code {ended.get('exitCode')}{last_line}"
