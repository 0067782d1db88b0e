"""What a Job makes of a pod that failed: rules of its podFailurePolicy."""

from typing import Final

from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest

DISRUPTED: Final[Manifest] = {
    "action": "Ignore",
    "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
}
"""Its node was drained or needed for something else: that was no attempt."""


def refused_by(exit_code: int) -> Manifest:
    """What was found against an image is found again by the next attempt."""
    codes = {"containerName": names.APP_CONTAINER, "operator": "In", "values": [exit_code]}
    return {"action": "FailJob", "onExitCodes": codes}
