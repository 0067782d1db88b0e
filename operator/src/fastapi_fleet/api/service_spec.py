"""Spec of a FastAPIService: what an app team writes. Only `image` is required."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from fastapi_fleet.api.database_spec import Database, DeletionPolicy
from fastapi_fleet.api.env_spec import EnvFromSource, EnvVar
from fastapi_fleet.api.exposure_spec import Ingress, Monitoring, Route
from fastapi_fleet.api.model import (
    ApiModel,
    Argument,
    DataKey,
    EnvName,
    EventType,
    ImageReference,
    Name,
    ObjectName,
    ResourceRequirements,
    cel,
    cel_rules,
    map_list,
)
from fastapi_fleet.api.network_spec import NetworkPolicy
from fastapi_fleet.api.pod_spec import Pod, ServiceAccount
from fastapi_fleet.api.preflight_spec import Preflight
from fastapi_fleet.api.probe_spec import Probes
from fastapi_fleet.api.rollout_spec import DEADLINE_RULES, Rollout
from fastapi_fleet.api.rotation_spec import RotateEvery
from fastapi_fleet.api.scaling_spec import (
    REQUEST_RULES,
    Autoscaling,
    ImagePullSecret,
    PodDisruptionBudget,
    TopologySpread,
)
from fastapi_fleet.api.service_rules import CANARY_RULES, CONNECTION_RULES, ONE_PORT_RULES, ONE_SOURCE_RULES
from fastapi_fleet.api.signing_key_spec import SigningKey
from fastapi_fleet.api.worker_spec import Worker

SHUTDOWN_MARGIN_SECONDS = 3
"""Between uvicorn's graceful timeout and the kubelet's SIGKILL: time to close pools and to exit."""

MIN_GRACEFUL_SECONDS = 2
"""The least time that requests in flight are given after the drain."""


class SecretEnv(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "[has(self.generate) && self.generate, has(self.signingKey), has(self.name)].filter(x, x).size() == 1",
                "set exactly one of generate: true, signingKey, and name with key of an existing Secret",
            ),
            cel("has(self.name) == has(self.key)", "name and key of an existing Secret go together"),
        ),
    )

    env: EnvName = Field(description="Environment variable that receives the value.")
    name: ObjectName | None = Field(None, description="An existing Secret in the same namespace.")
    key: DataKey | None = Field(None, description="Key of that Secret.")
    generate: bool | None = Field(
        None, description="Generate a random value once (43 URL-safe characters) and never overwrite it."
    )
    signing_key: SigningKey | None = Field(
        None, description="Generate an Ed25519 key to sign tokens with, and exchange it without a token being refused."
    )


class ServiceDependency(ApiModel):
    name: Name = Field(description="Another FastAPIService in the same namespace.")
    env: EnvName = Field(description="Environment variable that receives its URL, such as USER_SERVICE_URL.")


class ExtraPort(ApiModel):
    name: Annotated[str, StringConstraints(min_length=1, max_length=15, pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$")] = (
        Field(description="Name of the port, such as grpc. http is the service's own.")
    )
    port: int = Field(ge=1, le=65535, description="Port that the container and the Service listen on.")
    app_protocol: Annotated[str, StringConstraints(min_length=1, max_length=253)] | None = Field(
        None, description="What is spoken there, such as kubernetes.io/h2c or grpc, for proxies."
    )


class Broker(ApiModel):
    publishes: list[EventType] = Field(
        default=[],
        max_length=64,
        description="Event types that the service may publish.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    consumes: list[EventType] = Field(
        default=[],
        max_length=64,
        description="Event types that the service may bind its queues to.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    deletion_policy: DeletionPolicy = Field(
        "Retain",
        description="What becomes of the service's queues and exchanges when the FastAPIService is deleted: Retain "
        "keeps them and their messages, Delete deletes them. The user ends in either case.",
    )
    rotate_every: RotateEvery | None = Field(
        None, description="How old a password of the broker may become, as database.rotateEvery says it."
    )


class Shutdown(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                f"self.drainSeconds + {SHUTDOWN_MARGIN_SECONDS + MIN_GRACEFUL_SECONDS} <= self.gracePeriodSeconds",
                "shutdown.drainSeconds must leave at least "
                f"{SHUTDOWN_MARGIN_SECONDS + MIN_GRACEFUL_SECONDS} s of shutdown.gracePeriodSeconds",
                field_path=".drainSeconds",
            )
        ),
    )

    grace_period_seconds: int = Field(
        30, ge=5, le=3600, description="Seconds from the order to stop until the pod is killed."
    )
    drain_seconds: int = Field(
        5,
        ge=0,
        le=600,
        description="Seconds that the pod goes on serving after the order to stop, while routing forgets it.",
    )

    @property
    def graceful_timeout_seconds(self) -> int:
        """Seconds that uvicorn waits for requests in flight: what drain and margin leave of the grace period."""
        return self.grace_period_seconds - self.drain_seconds - SHUTDOWN_MARGIN_SECONDS


class FastAPIServiceSpec(ApiModel):
    """Desired state of a FastAPI service. Only image is required; three lines run well."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            *ONE_SOURCE_RULES, *ONE_PORT_RULES, *CONNECTION_RULES, *REQUEST_RULES, *DEADLINE_RULES, *CANARY_RULES
        )
    )

    image: ImageReference = Field(description="Container image of the service. The one required field.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        None, description="When the kubelet pulls the image. Kubernetes' own default when left out."
    )
    image_pull_secrets: list[ImagePullSecret] = Field(
        default=[],
        max_length=16,
        description="Secrets by which the kubelet may pull the image.",
        json_schema_extra=map_list("name"),
    )
    platform: Name = Field(
        "default",
        description="FleetPlatform of the same namespace for database, broker and defaults. Fixed once chosen.",
        json_schema_extra=cel_rules(
            cel("self == oldSelf", "platform cannot change: the service's data would stay behind on the old one")
        ),
    )
    app: Annotated[
        str,
        StringConstraints(min_length=3, max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"),
    ] = Field("app.main:app", description="Import path of the ASGI application, module:attribute.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the container and the Service listen on.")
    extra_ports: list[ExtraPort] = Field(
        default=[],
        max_length=16,
        description="TCP ports beside it, such as that of a gRPC server.",
        json_schema_extra=map_list("name"),
    )
    workers: int = Field(1, ge=1, le=32, description="uvicorn processes in each pod. Scale by replicas first.")
    command: list[Argument] | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="Replaces the uvicorn command; stopping in time is its own business, and ShutdownInTime warns.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    args: list[Argument] | None = Field(
        None,
        max_length=64,
        description="Arguments after the command (after uvicorn's, where command is not set).",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    replicas: int = Field(1, ge=0, le=1000, description="Number of pods. Not looked at where autoscaling is set.")
    autoscaling: Autoscaling | None = Field(
        None, description="Pods as the load asks for, by a HorizontalPodAutoscaler; needs a metrics server."
    )
    pod_disruption_budget: PodDisruptionBudget = Field(
        default=PodDisruptionBudget(), description="How many pods a drain of nodes may take at once."
    )
    topology_spread: TopologySpread = Field(default=TopologySpread(), description="Where pods lie.")
    network_policy: NetworkPolicy = Field(
        default=NetworkPolicy(), description="Who may reach the pods, and whom they may reach."
    )
    resources: ResourceRequirements | None = Field(
        None,
        description="Compute resources. Default: requests of 100m CPU and 256Mi memory, memory limit = request.",
    )
    env: list[EnvVar] = Field(
        default=[],
        max_length=200,
        description="Environment variables.",
        json_schema_extra=map_list("name"),
    )
    env_from: list[EnvFromSource] = Field(
        default=[],
        max_length=32,
        description="ConfigMaps and Secrets whose every key becomes an environment variable.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    config: dict[str, Argument] = Field(
        default={},
        max_length=200,
        description="Environment variables kept in a ConfigMap of the service; a change rolls the pods.",
        json_schema_extra=cel_rules(
            cel(
                "self.all(name, name.matches('^[A-Za-z_][A-Za-z0-9_]*$'))",
                "config keys must be names of environment variables: letters, digits and _, no digit first",
            )
        ),
    )
    secrets: list[SecretEnv] = Field(
        default=[],
        max_length=100,
        description="Environment variables from existing Secrets or from values generated once.",
        json_schema_extra=map_list("env"),
    )
    services: list[ServiceDependency] = Field(
        default=[],
        max_length=50,
        description="Other FastAPIServices that this one calls: their URLs are injected.",
        json_schema_extra=map_list("env"),
    )
    database: Database | None = Field(
        None,
        description="An own PostgreSQL database, whose URL arrives as DATABASE_URL. {} takes the defaults.",
    )
    broker: Broker | None = Field(
        None,
        description="An own RabbitMQ user, whose URL arrives as RABBITMQ_URL. Its queues begin with the name of the "
        "service, which arrives as SERVICE_NAME. {} takes the defaults.",
    )
    route: Route | None = Field(
        None, description="Public address by an HTTPRoute of the Gateway API; skipped where the cluster lacks that."
    )
    ingress: Ingress | None = Field(None, description="Public address by an Ingress, where there is no Gateway.")
    monitoring: Monitoring | None = Field(
        None,
        description="Measured by a ServiceMonitor where the cluster has that kind, or not at all. "
        "By default it is, where spec.networkPolicy or the chart's callerNamespaces let somebody in.",
    )
    worker: Worker | None = Field(
        None,
        description="Pods of the same image without a Service, which carry events: the others then have PROCESS=web. "
        "{} takes the defaults.",
    )
    service_account: ServiceAccount = Field(
        default=ServiceAccount(), description="Who the pods are to the API server and to the cloud."
    )
    pod: Pod = Field(default=Pod(), description="What else the pods are to have, within Pod Security restricted.")
    preflight: Preflight | None = Field(
        None,
        description="Checks of a new image or configuration in a short Job, before migrations and pods. {} takes the "
        "defaults; left out, nothing is checked.",
    )
    probes: Probes = Field(default=Probes(), description="Health checks.")
    shutdown: Shutdown = Field(default=Shutdown(), description="How a pod stops: one budget for all that happens.")
    rollout: Rollout = Field(default=Rollout(), description="How a new revision takes over, and which one runs.")
    paused: bool = Field(
        default=False, description="While true the operator writes nothing but status, which says Paused."
    )
