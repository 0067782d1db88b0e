"""Rollouts that get nowhere, as the Deployment controller tells of them."""

from collections.abc import Callable
from datetime import datetime

from fastapi_fleet.kube.kinds import Object, ObjectKey

from support.fleet import Fleet

DEADLINE_SECONDS = 300


async def run_out(fleet: Fleet, key: ObjectKey) -> None:
    """The newest revision of the Deployment gets no pod ready until its deadline."""
    fleet.time.advance(DEADLINE_SECONDS + 1)
    await fleet.settle()
    fleet.kube.edit(key, given_up_at(fleet.now()))
    await fleet.settle()


def given_up_at(moment: datetime) -> Callable[[Object], None]:
    progressing = {"type": "Progressing", "status": "False", "lastUpdateTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}

    def change(deployment: Object) -> None:
        replicas = deployment["spec"]["replicas"]
        deployment["status"] = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": replicas + 1,
            "updatedReplicas": 1,
            "availableReplicas": replicas,
            "conditions": [progressing],
        }

    return change
