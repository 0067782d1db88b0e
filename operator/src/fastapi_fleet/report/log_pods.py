"""Pods whose logs are meant."""

from collections.abc import Iterable, Sequence

from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import label_of
from fastapi_fleet.status.jobs import LABEL_JOB
from fastapi_fleet.status.revisions import revision_of


def of_newest_revision(pods: Sequence[Object], deployment: Object | None) -> list[Object]:
    """All where none of them is of the revision that the Deployment was last told to run."""
    revision = None if deployment is None else revision_of(deployment["spec"]["template"])
    return in_order([pod for pod in pods if revision_of(pod) == revision] or pods)


def of_newest_job(pods: Sequence[Object], jobs: Sequence[Object]) -> list[Object]:
    if not jobs:
        return []
    newest = max(jobs, key=lambda job: job["metadata"].get("creationTimestamp") or "")
    return in_order(pod for pod in pods if label_of(pod, LABEL_JOB) == newest["metadata"]["name"])


def in_order(pods: Iterable[Object]) -> list[Object]:
    """The oldest first."""
    return sorted(pods, key=lambda pod: (pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"]))


def started(pod: Object) -> tuple[str, int] | None:
    """What tells one life of the pod's own container from the next; None before its first."""
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        state = container.get("state") or {}
        if container["name"] == names.APP_CONTAINER and state.keys() & {"running", "terminated"}:
            return pod["metadata"]["uid"], container.get("restartCount", 0)
    return None
