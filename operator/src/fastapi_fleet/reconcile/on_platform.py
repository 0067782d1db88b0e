"""A service's spec as it runs on the platform that it names."""

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import DependencyMissingError, InvalidSpecError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.kinds import FLEET_PLATFORM, Object, ObjectKey
from fastapi_fleet.reconcile.parse import parse_defaults
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.platform_defaults import with_defaults


def platform_of(owner: Owner, spec: FastAPIServiceSpec, cache: ObjectCache) -> Object | None:
    return cache.get(ObjectKey(FLEET_PLATFORM.name, owner.namespace, spec.platform))


def on_platform(owner: Owner, spec: FastAPIServiceSpec, cache: ObjectCache) -> FastAPIServiceSpec:
    """The spec with the platform's defaults; as it stands where those are invalid, which then nobody may run."""
    platform = platform_of(owner, spec, cache)
    try:
        defaults = parse_defaults(platform) if platform is not None else None
    except InvalidSpecError:
        return spec
    return with_defaults(spec, defaults) if defaults is not None else spec


def require_valid_defaults(platform: Object) -> None:
    """Raises DependencyMissingError: without them the service would run as nobody wants it to."""
    try:
        parse_defaults(platform)
    except InvalidSpecError as error:
        message = f"spec.platform: FleetPlatform {platform['metadata']['name']} is invalid: {error.message}"
        raise DependencyMissingError(Reason.PLATFORM_INVALID, message) from None
