"""Rendering with inputs that fit the spec."""

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.kube.kinds import OPTIONAL
from fastapi_fleet.reconcile.credentials import ServiceIdentity, complete_credentials, complete_migration_credentials
from fastapi_fleet.reconcile.endpoints import endpoints_of
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.render import ServiceManifests, render_fastapi_service, render_fleet_platform
from fastapi_fleet.resources.service_inputs import ServiceInputs

SERVICE_OWNER = Owner("FastAPIService", "team", "shop", "uid-shop")
PLATFORM_OWNER = Owner("FleetPlatform", "team", "default", "uid-default")


EVERY_KIND = frozenset(kind.name for kind in OPTIONAL)


def rendered_service(
    spec: FastAPIServiceSpec,
    owner: Owner = SERVICE_OWNER,
    served: frozenset[str] = EVERY_KIND,
    caller_namespaces: tuple[str, ...] = (),
) -> ServiceManifests:
    identity = ServiceIdentity(owner.namespace, owner.name, spec.platform)
    endpoints = endpoints_of(owner.name, spec.platform, None)
    inputs = ServiceInputs(
        credentials=complete_credentials(identity, spec, {}, endpoints, generate=lambda: "generated"),
        migration_credentials=complete_migration_credentials(
            identity, spec, {}, endpoints, generate=lambda: "generated"
        ),
        dependency_ports={service.name: 8000 for service in spec.services},
        caller_namespaces=caller_namespaces,
        served=served,
    )
    return render_fastapi_service(owner, spec, inputs)


def rendered_platform(spec: FleetPlatformSpec, owner: Owner = PLATFORM_OWNER) -> list[Manifest]:
    inputs = PlatformInputs({"postgres": "generated", "rabbitmq": "generated"}, {}, "fleet-system")
    return render_fleet_platform(owner, spec, inputs)
