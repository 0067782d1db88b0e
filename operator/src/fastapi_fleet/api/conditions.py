"""Condition types and reasons: the vocabulary of status, each documented in docs/reference/conditions.md."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, Generation

MESSAGE_LIMIT = 512
"""Longest message of a condition, in characters."""


class ConditionType(StrEnum):
    """True is good for all but Reconciling, Stalled, Paused and RolledBack, which say that something is going on."""

    READY = "Ready"
    SPEC_VALID = "SpecValid"
    DEPENDENCIES_READY = "DependenciesReady"
    DATABASE_READY = "DatabaseReady"
    BROKER_READY = "BrokerReady"
    CONFIG_VALID = "ConfigValid"
    CONTRACT_COMPATIBLE = "ContractCompatible"
    MIGRATIONS_COMPLETE = "MigrationsComplete"
    ROLLOUT_COMPLETE = "RolloutComplete"
    CREDENTIALS_ROTATED = "CredentialsRotated"
    ROUTE_READY = "RouteReady"
    INGRESS_READY = "IngressReady"
    MONITORING_READY = "MonitoringReady"
    NETWORK_OPEN = "NetworkOpen"
    SHUTDOWN_IN_TIME = "ShutdownInTime"
    CONNECTIONS_IN_BUDGET = "ConnectionsInBudget"
    CHILDREN_APPLIED = "ChildrenApplied"
    POSTGRES_READY = "PostgresReady"
    RABBITMQ_READY = "RabbitmqReady"
    PRODUCTION_GRADE = "ProductionGrade"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    PAUSED = "Paused"
    ROLLED_BACK = "RolledBack"


class Reason(StrEnum):
    """Why a condition is as it is."""

    PENDING = "Pending"
    AS_SPECIFIED = "AsSpecified"
    INVALID_SPEC = "InvalidSpec"
    NOT_OWNED = "NotOwned"
    PAUSED = "Paused"
    API_UNAVAILABLE = "ApiUnavailable"
    API_CONFLICT = "ApiConflict"
    API_REFUSED = "ApiRefused"

    PLATFORM_MISSING = "PlatformMissing"
    PLATFORM_INVALID = "PlatformInvalid"
    SECRET_MISSING = "SecretMissing"  # noqa: S105 - a reason, not a secret
    CONFIG_MAP_MISSING = "ConfigMapMissing"
    SERVICE_MISSING = "ServiceMissing"
    SERVICE_NOT_READY = "ServiceNotReady"
    DEPENDENCIES_FOUND = "DependenciesFound"

    ADMIN_SECRET_MISSING = "AdminSecretMissing"  # noqa: S105 - a reason, not a secret
    BACKEND_NOT_OFFERED = "BackendNotOffered"
    BACKEND_NOT_READY = "BackendNotReady"
    BACKEND_UNAVAILABLE = "BackendUnavailable"
    PROVISIONED = "Provisioned"
    DATA_KEPT = "DataKept"

    CREDENTIALS_CURRENT = "CredentialsCurrent"
    ROTATION_DUE = "RotationDue"
    ROTATING = "Rotating"
    SESSIONS_LEFT = "SessionsLeft"
    ROTATION_FAILED = "RotationFailed"

    CHECKING = "Checking"
    SETTINGS_ACCEPTED = "SettingsAccepted"
    SETTINGS_ABSENT = "SettingsAbsent"
    SETTINGS_REFUSED = "SettingsRefused"
    UNCHANGED = "Unchanged"
    PREFLIGHT_FAILED = "PreflightFailed"

    CONTRACT_KEPT = "ContractKept"
    NOTHING_TO_COMPARE = "NothingToCompare"
    CONTRACT_ABSENT = "ContractAbsent"
    CONTRACT_UNKNOWN = "ContractUnknown"
    CONTRACT_BROKEN = "ContractBroken"
    CONTRACT_APPROVED = "ContractApproved"
    CONTRACT_BLOCKED = "ContractBlocked"
    APPROVAL_NEEDED = "ApprovalNeeded"

    MIGRATED = "Migrated"
    MIGRATING = "Migrating"
    MIGRATION_FAILED = "MigrationFailed"
    SCHEMA_CURRENT = "SchemaCurrent"
    SCHEMA_AHEAD = "SchemaAhead"
    SCHEMA_AHEAD_BLOCKED = "SchemaAheadBlocked"
    SEVERAL_HEADS = "SeveralHeads"

    ADMIN_SECRET_INVALID = "AdminSecretInvalid"  # noqa: S105 - a reason, not a secret
    HOST_NOT_ALLOWED = "HostNotAllowed"
    LOGIN_REFUSED = "LoginRefused"
    NOT_PRIVILEGED = "NotPrivileged"
    TLS_FAILED = "TlsFailed"

    AVAILABLE = "Available"
    SCALED_TO_ZERO = "ScaledToZero"
    ROLLING_OUT = "RollingOut"
    ROLLED_BACK = "RolledBack"
    NOT_READY_IN_TIME = "NotReadyInTime"
    NOTHING_TO_GO_BACK_TO = "NothingToGoBackTo"
    MIGRATIONS_HAVE_RUN = "MigrationsHaveRun"
    CANARY_STEP = "CanaryStep"
    CANARY_UNMEASURED = "CanaryUnmeasured"
    CANARY_ABORTED = "CanaryAborted"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    REPLICA_FAILURE = "ReplicaFailure"
    IMAGE_PULL_FAILED = "ImagePullFailed"
    CRASH_LOOP = "CrashLoop"
    CONTAINER_CONFIG_INVALID = "ContainerConfigInvalid"
    OUT_OF_MEMORY = "OutOfMemory"
    UNSCHEDULABLE = "Unschedulable"
    NOT_ANSWERING_PROBES = "NotAnsweringProbes"

    KIND_MISSING = "KindMissing"
    ROUTE_ACCEPTED = "RouteAccepted"
    ROUTE_NOT_ACCEPTED = "RouteNotAccepted"
    NOBODY_LET_IN = "NobodyLetIn"
    GRACEFUL_TIMEOUT_MISSING = "GracefulTimeoutMissing"
    GRACEFUL_TIMEOUT_TOO_LONG = "GracefulTimeoutTooLong"
    SIGNAL_NOT_PASSED_ON = "SignalNotPassedOn"
    SERVER_LIMIT_EXCEEDED = "ServerLimitExceeded"

    EMBEDDED = "Embedded"
    EXTERNAL = "External"
    NOT_REPLICATED = "NotReplicated"
    REPLICATED = "Replicated"
    PER_SERVICE = "PerService"


class Condition(ApiModel):
    """A metav1.Condition."""

    type: Annotated[str, StringConstraints(max_length=316)] = Field(description="What the condition is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it holds.")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="Why, as one CamelCase word; listed in the reference with its cure."
    )
    message: Annotated[str, StringConstraints(max_length=32768)] = Field(description="Why, for people.")
    observed_generation: Generation | None = Field(None, description="Generation that the condition speaks of.")
    last_transition_time: Annotated[str, Field(json_schema_extra={"format": "date-time"})] = Field(
        description="When status last changed from one value to another."
    )
