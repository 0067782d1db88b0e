"""Which revision a Deployment or a pod is of, and how a revision that is stuck is told from the one that serves."""

from fastapi_fleet.api.conditions import MESSAGE_LIMIT
from fastapi_fleet.constants import ANNOTATION_REVISION
from fastapi_fleet.resources.manifest import annotation_of
from fastapi_fleet.status.conditions import is_true, shorten
from fastapi_fleet.status.facts import LiveObject, ServiceFacts

_IMAGE_LIMIT = 150
_IMAGE_LIMIT_OF_MANY = 100


def revision_of(obj: LiveObject) -> str | None:
    return annotation_of(obj, ANNOTATION_REVISION)


def image_of(deployment: LiveObject) -> str:
    image: str = deployment["spec"]["template"]["spec"]["containers"][0]["image"]
    return image


def named(revision: str, image: str) -> str:
    return f"revision {revision} ({shorten(image, _IMAGE_LIMIT_OF_MANY)})"


def with_context(cause: str, facts: ServiceFacts, deployment: LiveObject, count: str) -> str:
    """The cause with the revision that does not get ready and those that serve; only the cause is ever cut."""
    stuck = f"revision {facts.revision} of {shorten(image_of(deployment), _IMAGE_LIMIT)}: {count}"
    serving = ", ".join(sorted(_serving_besides(facts)))
    context = f" ({stuck}; revision {serving} goes on serving)" if serving else f" ({stuck})"
    return shorten(cause, MESSAGE_LIMIT - len(context)) + context


def _serving_besides(facts: ServiceFacts) -> set[str]:
    """Other revisions than the wanted one that have a pod to which requests go."""
    revisions = (revision_of(pod) for pod in facts.pods if _serves(pod))
    return {revision for revision in revisions if revision is not None and revision != facts.revision}


def _serves(pod: LiveObject) -> bool:
    return is_true(pod, "Ready") and not pod["metadata"].get("deletionTimestamp")
