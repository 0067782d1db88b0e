"""Every child of a resource, in the order in which they are applied."""

from dataclasses import dataclass, field

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.backend_network_policy import (
    render_backend_network_policies,
    render_own_server_network_policy,
)
from fastapi_fleet.resources.certificate_authority import render_certificate_authority
from fastapi_fleet.resources.config_map import comes_apart, render_coming_config_map, render_config_map
from fastapi_fleet.resources.deployment import render_deployment
from fastapi_fleet.resources.horizontal_pod_autoscaler import render_horizontal_pod_autoscaler
from fastapi_fleet.resources.http_route import render_http_route
from fastapi_fleet.resources.ingress import render_closed_service, render_ingress
from fastapi_fleet.resources.manifest import Manifest, Owner, with_hash
from fastapi_fleet.resources.migration_job import render_migration_job
from fastapi_fleet.resources.network_policy import render_network_policy
from fastapi_fleet.resources.own_server import OwnServer
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.pod_disruption_budget import render_pod_disruption_budget, render_worker_disruption_budget
from fastapi_fleet.resources.postgres import render_postgres
from fastapi_fleet.resources.postgres_cluster import render_postgres_cluster
from fastapi_fleet.resources.preflight_job import render_preflight_job
from fastapi_fleet.resources.rabbitmq import render_rabbitmq
from fastapi_fleet.resources.rabbitmq_cluster import render_rabbitmq_cluster
from fastapi_fleet.resources.secret import render_migrations_secret, render_secret
from fastapi_fleet.resources.service import render_service
from fastapi_fleet.resources.service_account import render_service_account
from fastapi_fleet.resources.service_inputs import ServiceInputs
from fastapi_fleet.resources.service_monitor import render_service_monitor
from fastapi_fleet.resources.worker import render_worker


@dataclass(frozen=True)
class ServiceManifests:
    """`prerequisites` come first: pods that start without them would fail. `workload` and the rest may wait.

    `preflight`: what is to let them in, `configuration`: what is written only then, `migration`: what is to be complete
    before these are written.
    """

    prerequisites: tuple[Manifest, ...] = field(repr=False)
    workload: Manifest
    worker: Manifest | None
    companions: tuple[Manifest, ...]
    preflight: Manifest | None
    configuration: tuple[Manifest, ...]
    migration: Manifest | None

    @property
    def all(self) -> tuple[Manifest, ...]:
        jobs = (job for job in (self.preflight, self.migration) if job is not None)
        return (*self.prerequisites, *self.configuration, *jobs, *self.running)

    @property
    def running(self) -> tuple[Manifest, ...]:
        """What runs, and what goes with it."""
        worker = (self.worker,) if self.worker is not None else ()
        return (self.workload, *worker, *self.companions)


def render_fastapi_service(owner: Owner, spec: FastAPIServiceSpec, inputs: ServiceInputs) -> ServiceManifests:
    config_map = render_config_map(owner, spec)
    prerequisites = (
        render_service_account(owner, spec.service_account),
        render_coming_config_map(owner, spec) if comes_apart(spec) else config_map,
        render_secret(owner, {**inputs.credentials, **inputs.leaving}, inputs.rotations, inputs.signing_keys),
        render_migrations_secret(owner, inputs.migration_credentials),
        render_service(owner, spec),
        render_network_policy(owner, spec, inputs),
        *_render_own_server(owner, inputs.own_server),
    )
    companions = (
        render_horizontal_pod_autoscaler(owner, spec.autoscaling),
        render_pod_disruption_budget(owner, spec),
        render_closed_service(owner, spec),
        render_ingress(owner, spec),
        render_http_route(owner, spec, inputs.served),
        render_service_monitor(owner, spec, inputs),
        render_worker_disruption_budget(owner, spec),
    )
    workload = render_deployment(owner, spec, inputs)
    worker = render_worker(owner, spec, inputs)
    preflight = render_preflight_job(owner, spec, workload["spec"]["template"])
    migration = render_migration_job(owner, spec, workload["spec"]["template"])
    return ServiceManifests(
        prerequisites=tuple(with_hash(manifest) for manifest in prerequisites if manifest is not None),
        workload=with_hash(workload),
        worker=with_hash(worker) if worker is not None else None,
        companions=tuple(with_hash(manifest) for manifest in companions if manifest is not None),
        preflight=with_hash(preflight) if preflight is not None else None,
        configuration=(with_hash(config_map),) if comes_apart(spec) and config_map is not None else (),
        migration=with_hash(migration) if migration is not None else None,
    )


def _render_own_server(owner: Owner, server: OwnServer | None) -> list[Manifest]:
    if server is None:
        return []
    manifests = render_postgres(owner, server.postgres, server.admin_password)
    return [*manifests, *render_own_server_network_policy(owner, server)]


def render_fleet_platform(owner: Owner, spec: FleetPlatformSpec, inputs: PlatformInputs) -> list[Manifest]:
    manifests: list[Manifest] = []
    if spec.postgres is not None and "postgres" in spec.embedded:
        manifests += render_postgres(owner, spec.postgres, inputs.admin_passwords["postgres"])
    if spec.rabbitmq is not None and "rabbitmq" in spec.embedded:
        manifests += render_rabbitmq(owner, spec.rabbitmq, inputs.admin_passwords["rabbitmq"])
    manifests += render_postgres_cluster(owner, spec.postgres, inputs.served)
    manifests += render_rabbitmq_cluster(owner, spec.rabbitmq, inputs.served)
    manifests += (render_certificate_authority(owner, *authority) for authority in inputs.authorities.items())
    manifests += render_backend_network_policies(owner, spec, inputs.operator_namespace)
    return [with_hash(manifest) for manifest in manifests]
