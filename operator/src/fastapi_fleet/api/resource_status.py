"""Status of both kinds: written by the operator alone, once a pass."""

from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.canary_status import CanaryStatus
from fastapi_fleet.api.conditions import Condition
from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.api.model import ApiModel, Count, Generation, map_list

_Text = Annotated[str, StringConstraints(max_length=1024)]


class Binding(ApiModel):
    name: _Text = Field(description="Secret that holds the connection URLs of the backing services.")


NEVER = "1970-01-01T00:00:00Z"
"""lastTransitionTime of a condition that nobody has set: the API server's clock is not at hand in a default."""


class ResourceStatus(ApiModel):
    observed_generation: Generation | None = Field(None, description="Newest generation of the spec that was acted on.")
    conditions: list[Condition] = Field(
        default=[], max_length=32, description="One condition a step.", json_schema_extra=map_list("type")
    )


class RevisionRecord(ApiModel):
    """A revision that was rolled out, or that the operator tried to roll out."""

    revision: _Text = Field(description="Hash of its pod template.")
    image: _Text = Field(description="Image as the spec named it.")
    digest: _Text | None = Field(None, description="Digest of the image, once a node has told what it runs.")
    config_hash: _Text | None = Field(None, description="Hash of the configuration and secrets that its pods read.")
    spec_hash: _Text | None = Field(
        None, description="Hash of the part of the spec that made it. Absent where the operator cannot go back to it."
    )
    check: _Text | None = Field(
        None, description="Hash of the preflight that it passed; its OpenAPI document is kept by that name."
    )
    first_seen: Annotated[str, Field(json_schema_extra={"format": "date-time"})] = Field(
        description="When it was rolled out for the first time."
    )
    rolled_out: Annotated[str, Field(json_schema_extra={"format": "date-time"})] | None = Field(
        None, description="When it was rolled out last."
    )
    migrations: _Text | None = Field(
        None, description="Job that had migrated the database last when it was rolled out."
    )
    ready: bool = Field(description="Whether a rollout of it was ever complete, with pods.")


class Rollback(ApiModel):
    """A revision that did not get ready in time, and the one that runs in its place until the spec changes."""

    spec: _Text = Field(description="Hash of the spec that asked for it. Another one is rolled out.")
    revision: _Text = Field(description="The revision that did not get ready.")
    image: _Text = Field(description="Its image.")
    to: _Text = Field(description="The revision that takes its place: the last one that was ready.")
    to_image: _Text = Field(description="Image of that.")
    to_spec_hash: _Text = Field(description="Hash of the part of the spec that made it.")
    since: Annotated[str, Field(json_schema_extra={"format": "date-time"})] = Field(
        description="When that was decided."
    )
    reason: _Text = Field(description="Why it did not get ready, in the words of the conditions.")
    message: _Text = Field(description="Why, for people.")


class LoginStatus(ApiModel):
    """A login of the service that changes by itself, or has changed. Its password is in the service's Secret alone."""

    name: Literal["database", "broker"] = Field(description="What it is for.")
    login: _Text = Field(description="What the service logs in as.")
    since: _Text | None = Field(None, description="When its password was made.")
    due_at: _Text | None = Field(None, description="When rotateEvery has it replaced.")
    left: _Text | None = Field(None, description="The login before, while it is not locked yet.")


class SigningKeyStatus(ApiModel):
    """A signing key of the service that changes by itself, or has changed. It is in the service's Secret alone."""

    env: _Text = Field(description="Its environment variable.")
    stage: Literal["Alone", "NextPublished", "PreviousAccepted"] = Field(
        description="What the second key is: there is none, it is published and signs next, or it is the one before "
        "and still accepted."
    )
    since: _Text | None = Field(None, description="When the key that signs began to.")
    until: _Text | None = Field(None, description="When the stage ends, once every pod knows of it.")
    due_at: _Text | None = Field(None, description="When rotateEvery has it replaced.")


HISTORY_LIMIT: Final = 10
"""Revisions that status tells of; a Deployment keeps as many ReplicaSets beside the newest."""


class FastAPIServiceStatus(ResourceStatus):
    """Status of a FastAPIService: conditions, and what runs."""

    url: _Text | None = Field(None, description="URL of the Service inside the cluster.")
    public_url: _Text | None = Field(
        None, description="URL from outside, where spec.route or spec.ingress names a host."
    )
    replicas: Count | None = Field(None, description="Number of pods.")
    ready_replicas: Count | None = Field(None, description="Number of pods that are ready.")
    selector: _Text | None = Field(None, description="Label selector of the pods, for the scale subresource.")
    image: _Text | None = Field(None, description="Image of the revision that is being rolled out or runs.")
    revision: _Text | None = Field(None, description="Hash of the newest pod template.")
    last_ready_revision: _Text | None = Field(None, description="Newest revision whose rollout completed, with pods.")
    awaits_approval: _Text | None = Field(
        None, description="Revision that breaks callers and waits for fleet approve, which approves of no other."
    )
    history: list[RevisionRecord] = Field(
        default=[],
        max_length=HISTORY_LIMIT,
        description="Revisions, the one rolled out last first. The last one that was ready is never dropped.",
        json_schema_extra=map_list("revision"),
    )
    rollback: Rollback | None = Field(
        None, description="Present while an earlier revision runs because the wanted one did not get ready in time."
    )
    credentials: list[LoginStatus] | None = Field(
        None,
        max_length=2,
        description="Logins whose passwords change. Absent where none does and none ever has.",
        json_schema_extra=map_list("name"),
    )
    signing_keys: list[SigningKeyStatus] | None = Field(
        None,
        max_length=100,
        description="Signing keys that change. Absent where none does and none ever has.",
        json_schema_extra=map_list("env"),
    )
    database_connections: Count | None = Field(
        None,
        description="Most connections that it may hold to its database server, as far as spec.database tells: what "
        "other services of the platform reckon with.",
    )
    canary: CanaryStatus | None = Field(None, description="The canary that runs, or how the last one ended.")
    binding: Binding | None = Field(None, description="Provisioned Service of servicebinding.io.")


class FleetPlatformStatus(ResourceStatus):
    """Status of a FleetPlatform: conditions, and where servers are that the operator did not make."""

    postgres: PostgresEndpoint | None = Field(None, description="Where services reach an external PostgreSQL.")
    rabbitmq: BrokerEndpoint | None = Field(None, description="Where services reach an external RabbitMQ.")
