"""Names that the API, the cluster and the operator agree on."""

from typing import Final, Literal

GROUP: Final = "fastapi-fleet.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"

FIELD_MANAGER: Final = "fastapi-fleet"
"""Field manager of everything the operator applies; the API server tells its fields from other writers' by it."""

FINALIZER: Final = f"{GROUP}/backing-services"
"""Held by a service that owns state outside Kubernetes until that state has been released."""

LABEL_MANAGED_BY: Final = "app.kubernetes.io/managed-by"
LABEL_NAME: Final = "app.kubernetes.io/name"
LABEL_COMPONENT: Final = "app.kubernetes.io/component"
MANAGED_BY: Final = "fastapi-fleet"

LABEL_OWNER_KIND: Final = f"{GROUP}/owner-kind"
LABEL_OWNER_NAME: Final = f"{GROUP}/owner-name"
"""With the owner's kind: who a child belongs to, also where an owner reference would delete what must be kept."""

OWNER_KIND_SERVICE: Final = "FastAPIService"
OWNER_KIND_PLATFORM: Final = "FleetPlatform"
"""Values of the label."""

ANNOTATION_HASH: Final = f"{GROUP}/manifest-hash"
"""Hash of the manifest as last applied: a field that left the manifest is noticed by it."""

ANNOTATION_CONFIG_HASH: Final = f"{GROUP}/config-hash"
"""Hash of configuration and secrets on the pod template: a change of either rolls the pods."""

ANNOTATION_REVISION: Final = f"{GROUP}/revision"
"""Hash of the pod template, on the Deployment and on each pod: tells the pods of a revision apart."""

ANNOTATION_REVISION_SPEC: Final = f"{GROUP}/revision-spec"
"""On a Deployment, and by its controller on each ReplicaSet: what of the spec made the revision, to go back to it."""

ANNOTATION_STILL_CALLED: Final = f"{GROUP}/still-called"
"""On a Deployment: services that its spec no longer names and pods of an older revision call, by comma."""

ANNOTATION_REPLICAS: Final = f"{GROUP}/replicas"
"""On a Deployment whose replicas the operator does not send, because an autoscaler sets them."""

ANNOTATION_PREFLIGHT: Final = f"{GROUP}/preflight"
"""On a Deployment: hash of the image and configuration that were checked before it was written."""

ANNOTATION_RELEASE: Final = f"{GROUP}/release"
"""On a Deployment with canaries: hash of what one tries. Revisions of the same differ by passwords and keys alone."""

ANNOTATION_APPROVED: Final = f"{GROUP}/approved-revision"
"""On a FastAPIService, by a person: the revision that may break callers."""

ANNOTATION_ROTATE: Final = f"{GROUP}/rotate"
"""On a FastAPIService: another value than before asks for new passwords."""

BackingPart = Literal["database", "broker"]
"""What a service has a login for, as its spec calls it."""

ANNOTATION_ROTATION: Final[dict[BackingPart, str]] = {
    "database": f"{GROUP}/database-rotation",
    "broker": f"{GROUP}/broker-rotation",
}
"""On a service's Secret: since when the login in it is in use, and whether the one before is locked."""

LABEL_TRACK: Final = f"{GROUP}/track"
"""On the pods of a canary: what tells them from those of the Deployment that serves. These have none."""

ANNOTATION_SIGNING_KEYS: Final = f"{GROUP}/signing-keys"
"""On a service's Secret: how far the exchange of each signing key in it is."""

HEALTH_LIVE_PATH: Final = "/health/live"
HEALTH_READY_PATH: Final = "/health/ready"

ANSWER_FILE: Final = "/dev/termination-log"
"""What a container writes there is in the status of its pod; what it prints is not."""

POSTGRES_PORT: Final = 5432
AMQP_PORT: Final = 5672
AMQPS_PORT: Final = 5671
RABBITMQ_MANAGEMENT_PORT: Final = 15672
RABBITMQ_MANAGEMENT_TLS_PORT: Final = 15671
EVENTS_EXCHANGE: Final = "events"
"""The topic exchange that every service of a platform shares; routing keys are event types."""
