"""The CustomResourceDefinitions of both kinds, made from the API models alone."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from fastapi_fleet.api.conditions import Condition, ConditionType, Reason
from fastapi_fleet.api.model import cel
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.resource_status import NEVER, FastAPIServiceStatus, FleetPlatformStatus, ResourceStatus
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.api.structural import Schema, structural_schema
from fastapi_fleet.constants import GROUP, VERSION

SERVICE_NAME_LIMIT: Final = 50
"""Longest name of a FastAPIService, in characters: leaves room for the suffixes of its children's names."""

PLATFORM_NAME_LIMIT: Final = 43
"""Longest name of a FleetPlatform: a StatefulSet's may have 52 characters, for its pods' controller-revision-hash label
must stay a label, and `-rabbitmq` is added to it."""


def name_rule(limit: int) -> dict[str, str]:
    """CEL rule for metadata.name: a DNS-1035 label, as Services demand it, of at most `limit` characters."""
    return cel(
        f"size(self.metadata.name) <= {limit} && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
        f"metadata.name must be at most {limit} characters: lower-case letters, digits and -, "
        "a letter first, no - at the end",
    )


SELF_DEPENDENCY_RULE: Final = cel(
    "!has(self.spec.services) || self.spec.services.all(service, service.name != self.metadata.name)",
    "spec.services: a service cannot need itself",
    field_path=".spec.services",
)


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; with `wide`, of `kubectl get -o wide` only."""

    name: str
    json_path: str
    type: str = "string"
    description: str = ""
    wide: bool = False


@dataclass(frozen=True)
class ResourceKind:
    """What a CustomResourceDefinition says beyond the schemas of spec and status."""

    kind: str
    plural: str
    singular: str
    short_name: str
    description: str
    spec: type[BaseModel]
    status: type[BaseModel]
    rules: tuple[dict[str, str], ...]
    columns: tuple[Column, ...]
    subresources: dict[str, Any]

    @property
    def crd_name(self) -> str:
        """metadata.name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"


def _of_ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


READY: Final = Column("Ready", _of_ready("status"), description="Whether it does all that its spec says.")
REASON: Final = Column("Reason", _of_ready("reason"), description="Why it is ready or not.")
AGE: Final = Column("Age", ".metadata.creationTimestamp", "date", "Time since it was created.")
MESSAGE: Final = Column("Message", _of_ready("message"), description="The reason in words.", wide=True)

FASTAPI_SERVICE: Final = ResourceKind(
    kind="FastAPIService",
    plural="fastapiservices",
    singular="fastapiservice",
    short_name="fas",
    description="A FastAPI service, run well: of an image it makes a probed, hardened and connected Deployment.",
    spec=FastAPIServiceSpec,
    status=FastAPIServiceStatus,
    rules=(name_rule(SERVICE_NAME_LIMIT), SELF_DEPENDENCY_RULE),
    columns=(
        READY,
        REASON,
        Column("Replicas", ".status.readyReplicas", "integer", "Pods that are ready."),
        Column("Image", ".spec.image", description="Image that is wanted."),
        Column("URL", ".status.url", description="URL inside the cluster."),
        AGE,
        MESSAGE,
    ),
    subresources={
        "status": {},
        "scale": {
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        },
    },
)

FLEET_PLATFORM: Final = ResourceKind(
    kind="FleetPlatform",
    plural="fleetplatforms",
    singular="fleetplatform",
    short_name="flp",
    description="The PostgreSQL, the RabbitMQ and the defaults of the FastAPIServices of a namespace.",
    spec=FleetPlatformSpec,
    status=FleetPlatformStatus,
    rules=(name_rule(PLATFORM_NAME_LIMIT),),
    columns=(READY, REASON, AGE, MESSAGE),
    subresources={"status": {}},
)

KINDS: Final = (FASTAPI_SERVICE, FLEET_PLATFORM)


def custom_resource_definition(resource: ResourceKind) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind, as the API server takes it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.crd_name},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.singular,
                "shortNames": [resource.short_name],
                "categories": ["all", "fastapi"],
            },
            "versions": [_version(resource)],
        },
    }


def resource_schema(resource: ResourceKind) -> Schema:
    """The structural schema of a whole object of the kind."""
    return {
        "description": resource.description,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"description": f"Always {GROUP}/{VERSION}.", "type": "string"},
            "kind": {"description": f"Always {resource.kind}.", "type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(resource.spec),
            "status": structural_schema(resource.status) | {"default": _unseen()},
        },
        "x-kubernetes-validations": list(resource.rules),
    }


def _unseen() -> dict[str, Any]:
    """Status of a resource that the operator has not seen: kstatus takes one without conditions for a finished one.

    A default of the schema says so from the first moment and costs no write, as in the Gateway API.
    """
    ready = Condition(
        type=ConditionType.READY,
        status="Unknown",
        reason=Reason.PENDING,
        message="the operator has not seen the resource yet",
        observed_generation=0,
        last_transition_time=NEVER,
    )
    status = ResourceStatus(observed_generation=0, conditions=[ready])
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def _version(resource: ResourceKind) -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": resource.subresources,
        "additionalPrinterColumns": [_printer_column(column) for column in resource.columns],
        "schema": {"openAPIV3Schema": resource_schema(resource)},
    }


def _printer_column(column: Column) -> dict[str, Any]:
    shown = {"name": column.name, "type": column.type, "jsonPath": column.json_path, "description": column.description}
    return shown | ({"priority": 1} if column.wide else {})
