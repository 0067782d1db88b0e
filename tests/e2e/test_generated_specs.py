"""Specs made at random come to rest on a real cluster: Ready, or not Ready for a reason that has a name and a cure."""

from pathlib import Path

from fleet import API_VERSION, SERVICE, Images
from generated import generated_specs
from kubectl import Kubectl, Resource, condition_of

SPECS = 10

REST_SECONDS = 150.0
"""Pods of ten services start at the same time on two cores."""

REASONS = Path(__file__).parents[2] / "docs" / "reference" / "conditions.md"

PASSING = {"Pending", "RollingOut"}
"""Reasons of a state that goes over by itself."""


def test_generated_specs_end_ready_or_with_a_named_reason(cluster: Kubectl, images: Images) -> None:
    named = REASONS.read_text()
    manifests = [
        {"apiVersion": API_VERSION, "kind": "FastAPIService", "metadata": {"name": f"any-{at}"}, "spec": spec}
        for at, spec in enumerate(generated_specs(images.v1, SPECS))
    ]
    cluster.apply(*manifests)
    for at in range(SPECS):
        found = cluster.await_state(SERVICE, f"any-{at}", is_at_rest, timeout=REST_SECONDS)
        assert f"`{condition_of(found, 'Ready')['reason']}`" in named


def is_at_rest(service: Resource) -> bool:
    ready = condition_of(service, "Ready")
    newest = ready.get("observedGeneration") == service["metadata"]["generation"]
    return newest and (ready["status"] == "True" or ready["reason"] not in PASSING)
