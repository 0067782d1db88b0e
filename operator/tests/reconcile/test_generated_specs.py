"""Whatever spec admission lets through ends in a state that says why, and nothing is left of one that is taken back."""

from itertools import repeat

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_REPLICAS, LABEL_COMPONENT, LABEL_OWNER_NAME
from fastapi_fleet.kube.kinds import CHILDREN, OPTIONAL, Object, ObjectKey
from fastapi_fleet.resources import contract_document
from hypothesis import assume, given, settings
from support import specs
from support.fleet import Fleet
from support.resources import fastapi_service, fleet_platform

PASSING = {Reason.PENDING, Reason.ROLLING_OUT}
"""Reasons of a state that goes over by itself."""

VOLATILE = {"uid", "resourceVersion", "generation", "managedFields", "ownerReferences"}


def resource(spec: FastAPIServiceSpec) -> Object:
    return fastapi_service(**spec.model_dump(by_alias=True, mode="json", exclude_unset=True))


async def fleet_with_platform() -> Fleet:
    """On a cluster with all kinds. Every generated value is the same: one that is made anew is what it was."""
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    fleet.secrets = repeat("generated")
    await fleet.submit(fleet_platform(postgres={}, rabbitmq={}))
    await fleet.roll_out()
    return fleet


async def furnish(fleet: Fleet, spec: FastAPIServiceSpec) -> None:
    """Let everything be there that the spec names."""
    secrets = {secret.name for secret in spec.secrets if secret.name is not None}
    for name in secrets:
        fleet.kube.create(secret_of(name))
    await fleet.submit(*(fastapi_service(service.name) for service in spec.services))
    await fleet.roll_out()


def secret_of(name: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "team"},
        "data": {"value": "dGhlaXJz"},
    }


async def come_to_rest(fleet: Fleet, spec: FastAPIServiceSpec) -> None:
    await fleet.submit(resource(spec))
    await fleet.roll_out()


def children(fleet: Fleet) -> dict[ObjectKey, Object]:
    """What the operator made for the service, but for the OpenAPI documents that its history keeps."""
    found = {key: fleet.kube.object(key) for kind in (*CHILDREN, *OPTIONAL) for key in fleet.kube.keys(kind.name)}
    return {
        key: _lasting(obj)
        for key, obj in found.items()
        if obj["metadata"].get("labels", {}).get(LABEL_OWNER_NAME) == "shop"
        if obj["metadata"]["labels"].get(LABEL_COMPONENT) != contract_document.COMPONENT
    }


def _lasting(obj: Object) -> Object:
    """The object without what tells one write from another, and without the replicas that an autoscaler decides."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in VOLATILE}
    lasting = {**obj, "metadata": metadata, "status": {}}
    if ANNOTATION_REPLICAS in metadata.get("annotations", {}):
        lasting["spec"] = {**obj["spec"], "replicas": None}
    return lasting


@given(specs.service_specs())
async def test_accepted_spec_ends_ready_or_says_why_not(spec: FastAPIServiceSpec) -> None:
    fleet = await fleet_with_platform()
    await come_to_rest(fleet, spec)
    ready = fleet.conditions(resource(spec))["Ready"]
    assert ready.status == "True" or Reason(ready.reason) not in PASSING, ready
    assert ready.message


@given(specs.service_specs())
async def test_spec_whose_needs_are_met_ends_ready_and_is_written_no_more(spec: FastAPIServiceSpec) -> None:
    fleet = await fleet_with_platform()
    await furnish(fleet, spec)
    await come_to_rest(fleet, spec)
    ready = fleet.conditions(resource(spec))["Ready"]
    assert ready.status == "True" or ready.reason == Reason.INVALID_SPEC, ready
    assert await fleet.pass_over(resource(spec)) == []


@settings(max_examples=25)
@given(specs.service_specs(), specs.service_specs())
async def test_going_back_restores_the_first_objects(first: FastAPIServiceSpec, other: FastAPIServiceSpec) -> None:
    fleet = await fleet_with_platform()
    await furnish(fleet, first)
    await furnish(fleet, other)
    await come_to_rest(fleet, first)
    before = children(fleet)
    assume(before)
    await come_to_rest(fleet, other)
    await come_to_rest(fleet, first)
    assert children(fleet) == before
