"""How far a Job is, and which pods are its own."""

from collections.abc import Iterable, Mapping

from fastapi_fleet.api.conditions import MESSAGE_LIMIT
from fastapi_fleet.resources.manifest import label_of
from fastapi_fleet.status.conditions import condition_of, is_true, shorten
from fastapi_fleet.status.facts import LiveObject, ServiceFacts
from fastapi_fleet.status.revisions import revision_of

LABEL_JOB = "batch.kubernetes.io/job-name"


def has_succeeded(job: LiveObject) -> bool:
    return is_true(job, "Complete")


def failure_of(job: LiveObject) -> Mapping[str, str] | None:
    """The condition that says that the Job has failed for good."""
    return condition_of(job, "Failed") if is_true(job, "Failed") else None


def is_at_work(job: LiveObject) -> bool:
    return not has_succeeded(job) and failure_of(job) is None


def pods_of_job(pods: Iterable[LiveObject], job: LiveObject) -> list[LiveObject]:
    name = job["metadata"]["name"]
    return [pod for pod in pods if label_of(pod, LABEL_JOB) == name]


def beside_what_serves(text: str, facts: ServiceFacts) -> str:
    """The text with the revision that a failed Job leaves in its place; only the text is ever cut."""
    if facts.deployment is None:
        return shorten(text)
    serving = f" (revision {revision_of(facts.deployment)} stays)"
    return shorten(text, MESSAGE_LIMIT - len(serving)) + serving
