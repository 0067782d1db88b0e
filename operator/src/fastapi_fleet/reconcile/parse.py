"""From the objects of the API to models: the border where bad input is named."""

from collections.abc import Iterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from fastapi_fleet.api.defaults_spec import Defaults
from fastapi_fleet.api.model import ResourceRequirements
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import ResourceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.resources.connections import require_room_in_role
from fastapi_fleet.resources.environment import require_unique_variables
from fastapi_fleet.resources.equality import quantity

Spec = TypeVar("Spec", bound=BaseModel)
Status = TypeVar("Status", bound=ResourceStatus)


def parse_service(resource: Object) -> FastAPIServiceSpec:
    """Raises InvalidSpecError with the field, for what admission let through."""
    spec = _parse(resource, FastAPIServiceSpec)
    require_consistent(resource["metadata"]["name"], spec)
    return spec


def require_consistent(name: str, spec: FastAPIServiceSpec) -> None:
    """Raises InvalidSpecError where fields of the spec contradict one another."""
    require_unique_variables(spec)
    require_room_in_role(spec)
    _require_no_self_dependency(name, spec)
    for error in oversized_requests(spec):
        raise error


def oversized_requests(spec: FastAPIServiceSpec) -> Iterator[InvalidSpecError]:
    """Requests above their limits, wherever the spec has some."""
    yield from _oversized("spec.resources", spec.resources)
    if spec.worker is not None:
        yield from _oversized("spec.worker.resources", spec.worker.resources)
    for field, containers in (("initContainers", spec.pod.init_containers), ("sidecars", spec.pod.sidecars)):
        for at, container in enumerate(containers):
            yield from _oversized(f"spec.pod.{field}[{at}].resources", container.resources)


def parse_platform(resource: Object) -> FleetPlatformSpec:
    """Raises InvalidSpecError with the field, for what admission let through."""
    spec = _parse(resource, FleetPlatformSpec)
    for error in oversized_defaults(spec.defaults):
        raise error
    return spec


def parse_defaults(platform: Object) -> Defaults | None:
    """What the platform says for services, whatever the rest of its spec is like. Raises InvalidSpecError."""
    given = (platform.get("spec") or {}).get("defaults")
    if given is None:
        return None
    defaults = _validated(Defaults, given, ("spec", "defaults"))
    for error in oversized_defaults(defaults):
        raise error
    return defaults


def oversized_defaults(defaults: Defaults | None) -> Iterator[InvalidSpecError]:
    """Requests above their limits: no pod of a service that took them could be made."""
    if defaults is not None:
        yield from _oversized("spec.defaults.resources", defaults.resources)


def parse_status(resource: Object, model: type[Status]) -> Status:
    """The status as last written; empty where it is absent or of a shape that this version does not know."""
    try:
        return model.model_validate(resource.get("status") or {})
    except ValidationError:
        return model()


def _parse(resource: Object, model: type[Spec]) -> Spec:
    return _validated(model, resource.get("spec") or {}, ("spec",))


def _validated(model: type[Spec], value: object, path: tuple[str, ...]) -> Spec:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join((*path, *(str(part) for part in first["loc"])))
        raise InvalidSpecError(field, first["msg"]) from None


def _require_no_self_dependency(name: str, spec: FastAPIServiceSpec) -> None:
    for at, dependency in enumerate(spec.services):
        if dependency.name == name:
            raise InvalidSpecError(f"spec.services[{at}].name", "a service cannot depend on itself")


def _oversized(field: str, resources: ResourceRequirements | None) -> Iterator[InvalidSpecError]:
    if resources is None:
        return
    requests = resources.requests or {}
    for resource, limit in (resources.limits or {}).items():
        request = requests.get(resource)
        if request is not None and quantity(request) > quantity(limit):
            yield InvalidSpecError(f"{field}.requests[{resource}]", f"{request} is more than the limit of {limit}")
