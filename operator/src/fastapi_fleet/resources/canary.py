"""Canary of a service: a second Deployment with the pods of a coming revision, which its Service selects as well."""

from typing import Final

from fastapi_fleet.constants import ANNOTATION_REVISION, LABEL_TRACK
from fastapi_fleet.resources import names
from fastapi_fleet.resources.config_map import with_coming_config
from fastapi_fleet.resources.deployment import template_revision
from fastapi_fleet.resources.manifest import Manifest, Owner, child, selector_labels, with_hash

TRACK: Final = "canary"


def render_canary(owner: Owner, workload: Manifest, replicas: int) -> Manifest:
    """`workload`: the Deployment as it is to become. The canary's pods are of the same revision as those."""
    manifest = child(
        owner,
        api_version="apps/v1",
        kind="Deployment",
        name=names.canary(owner.name),
        component=TRACK,
        app=owner.name,
    )
    template = workload["spec"]["template"]
    manifest["metadata"]["annotations"] = {ANNOTATION_REVISION: template_revision(template)}
    return with_hash(
        {
            **manifest,
            "spec": {
                **workload["spec"],
                "replicas": replicas,
                "selector": {"matchLabels": {**selector_labels(owner.name, "service"), LABEL_TRACK: TRACK}},
                "revisionHistoryLimit": 0,
                "template": _tracked(owner, template),
            },
        }
    )


def canary_pods(weight: int, serving: int) -> int:
    """How many pods have `weight` percent of the requests beside those that serve, as near as whole pods come."""
    return max(1, round(weight * serving / (100 - weight)))


def _tracked(owner: Owner, template: Manifest) -> Manifest:
    first, *others = template["spec"]["containers"]
    labels = {**template["metadata"]["labels"], LABEL_TRACK: TRACK}
    container = {**first, "envFrom": with_coming_config(owner, first)}
    return {
        "metadata": {**template["metadata"], "labels": labels},
        "spec": {**template["spec"], "containers": [container, *others]},
    }
