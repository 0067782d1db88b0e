"""Why pods do not come up: container, reason, exit code and last line of the log, with secrets hidden."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.status.conditions import condition_of
from fastapi_fleet.status.facts import LiveObject

_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_LAST_LINE_LIMIT = 200
_MIN_SECRET_LINE = 8
"""Characters from which on a line of a longer value, such as a key file, tells something; a bracket does not."""

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


ENDED = frozenset({Reason.CRASH_LOOP, Reason.OUT_OF_MEMORY})
"""What pods of a Job tell of an attempt that is over. The Job decides whether there is another."""


@dataclass(frozen=True)
class Cause:
    reason: Reason
    message: str


def first_cause(pods: Iterable[LiveObject], secret_values: Iterable[str] = ()) -> Cause | None:
    """The first cause that a person can act on. None while the pods are merely starting, or on their way out."""
    hidden = tuple(secret_values)
    staying = (pod for pod in pods if not pod["metadata"].get("deletionTimestamp"))
    return next((cause for pod in staying for cause in _causes(pod, hidden)), None)


def refusal_of_pods(deployment: LiveObject) -> str | None:
    """Why pods of a Deployment cannot even be made. None where they can."""
    failure = condition_of(deployment, "ReplicaFailure")
    if failure is None or failure["status"] != "True":
        return None
    message: str = failure.get("message", "pods cannot be created")
    return message


def hide_secrets(text: str, secret_values: Iterable[str]) -> str:
    """Text without the known values, nor a line of one, and without what stands for a password in a URL."""
    parts = {part for value in secret_values for part in _secret_parts(value)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return _URL_PASSWORD.sub(r"\1:***@", text)


def _secret_parts(value: str) -> Iterator[str]:
    whole = value.strip()
    if whole:
        yield whole
    yield from (line for line in map(str.strip, whole.splitlines()) if len(line) >= _MIN_SECRET_LINE)


def _causes(pod: LiveObject, hidden: Sequence[str]) -> Iterator[Cause]:
    name = pod["metadata"]["name"]
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("reason") == "Unschedulable":
        yield Cause(Reason.UNSCHEDULABLE, f"pod {name}: {scheduled.get('message', 'no node fits')}")
    for container in _in_order_of_blame(pod):
        if not container.get("ready"):
            yield from _container_causes(name, container, hidden)


def has_ended(pod: LiveObject) -> bool:
    """Pods that were evicted stay behind, and belong to no number of replicas."""
    return (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}


def _in_order_of_blame(pod: LiveObject) -> Iterator[Mapping[str, Any]]:
    """What comes first keeps the others from starting; of a pod that has ended, sidecars were stopped by its end."""
    status: Mapping[str, Any] = pod.get("status") or {}
    before, own = status.get("initContainerStatuses") or (), status.get("containerStatuses") or ()
    yield from (*own, *before) if has_ended(pod) else (*before, *own)


def _container_causes(pod: str, container: Mapping[str, Any], hidden: Sequence[str]) -> Iterator[Cause]:
    where = f"container {container['name']} of pod {pod}"
    ended = _ended(container)
    if ended is not None and ended.get("reason") == "OOMKilled":
        yield Cause(Reason.OUT_OF_MEMORY, f"{where} was killed: it used more memory than its limit")
    waiting = (container.get("state") or {}).get("waiting") or {}
    reason = _WAITING.get(waiting.get("reason", ""))
    if reason is Reason.CRASH_LOOP or (reason is None and _has_crashed(container, ended)):
        yield Cause(Reason.CRASH_LOOP, f"{where} {_how_it_ended(ended, hidden)}")
    elif reason is not None:
        yield Cause(reason, f"{where}: {hide_secrets(waiting.get('message') or waiting['reason'], hidden)}")


def _ended(container: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for state in (container.get("state") or {}, container.get("lastState") or {}):
        if state.get("terminated"):
            ended: Mapping[str, Any] = state["terminated"]
            return ended
    return None


def _has_crashed(container: Mapping[str, Any], ended: Mapping[str, Any] | None) -> bool:
    if ended is None or ended.get("exitCode") == 0:
        return False
    return container.get("restartCount", 0) >= _MIN_RESTARTS or "terminated" in (container.get("state") or {})


def _how_it_ended(ended: Mapping[str, Any] | None, hidden: Sequence[str]) -> str:
    """Secrets are hidden before the text is cut: a value that has lost its beginning is not recognised."""
    if ended is None:
        return "keeps ending; its log tells why"
    said = hide_secrets(ended.get("message") or "", hidden)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last_line = f": {lines[-1][-_LAST_LINE_LIMIT:]}" if lines else ""
    return f"ended with exit code {ended.get('exitCode')}{last_line}"
