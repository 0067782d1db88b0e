"""Canary of a service: a second Deployment with the pods of a coming revision, and how requests come to them."""

from math import ceil
from typing import Final

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import (
    ANNOTATION_REVISION,
    LABEL_COMPONENT,
    LABEL_MANAGED_BY,
    LABEL_NAME,
    LABEL_TRACK,
    MANAGED_BY,
)
from fastapi_fleet.resources import names
from fastapi_fleet.resources.config_map import with_coming_config
from fastapi_fleet.resources.deployment import template_revision
from fastapi_fleet.resources.manifest import Manifest, Owner, child, label_of, selector_labels, with_hash
from fastapi_fleet.resources.service import render_service_of

TRACK: Final = "canary"

COMPONENTS: Final = ("service", TRACK)
"""Of the pods that answer a service's requests. The service's own address selects the former."""

MOST_BY_PODS: Final = 50
"""Percent. The pods that serve all stay: a larger part would be had only by more pods than those."""


def render_canary(owner: Owner, workload: Manifest, replicas: int, component: str) -> Manifest:
    """`workload`: the Deployment as it is to become. The canary's pods are of the same revision as those.

    `component`: of its pods. As "service" the service's own address leads to them, too.
    """
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
                "selector": {"matchLabels": _selector(owner)},
                "revisionHistoryLimit": 0,
                "template": _tracked(owner, template, component),
            },
        }
    )


def render_canary_service(owner: Owner, spec: FastAPIServiceSpec) -> Manifest:
    """Where an HTTPRoute finds the canary's pods, and no others."""
    return with_hash(render_service_of(owner, spec, names.canary(owner.name), _selector(owner)))


def component_of(canary: Manifest) -> str | None:
    """Of the pods that a canary's Deployment makes."""
    return label_of(canary["spec"]["template"], LABEL_COMPONENT)


def pods_by_number(weight: int, serving: int) -> int:
    """How many pods have `weight` percent of the requests beside those that serve, as near as whole pods come."""
    share = min(weight, MOST_BY_PODS)
    return max(1, round(share * serving / (100 - share)))


def pods_by_route(weight: int, serving: int) -> int:
    """How many pods answer `weight` percent of the requests as those that serve answer all."""
    return ceil(weight * serving / 100)


def _selector(owner: Owner) -> dict[str, str]:
    """Whatever their component is: a Deployment's selector never changes."""
    return {LABEL_NAME: owner.name, LABEL_MANAGED_BY: MANAGED_BY, LABEL_TRACK: TRACK}


def _tracked(owner: Owner, template: Manifest, component: str) -> Manifest:
    first, *others = template["spec"]["containers"]
    labels = {**template["metadata"]["labels"], LABEL_COMPONENT: component, LABEL_TRACK: TRACK}
    container = {**first, "envFrom": with_coming_config(owner, first)}
    spread = [
        {**constraint, "labelSelector": {"matchLabels": selector_labels(owner.name, component)}}
        for constraint in template["spec"]["topologySpreadConstraints"]
    ]
    return {
        "metadata": {**template["metadata"], "labels": labels},
        "spec": {**template["spec"], "containers": [container, *others], "topologySpreadConstraints": spread},
    }
