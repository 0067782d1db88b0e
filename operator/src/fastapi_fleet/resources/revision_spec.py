"""What of a spec makes a revision: kept beside the pod template, so that the revision can be run again."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import ANNOTATION_REVISION_SPEC
from fastapi_fleet.resources.manifest import annotation_of, canonical_json, content_hash

REVISION_FIELDS: Final = frozenset(
    {
        *("image", "image_pull_policy", "image_pull_secrets"),
        *("app", "port", "extra_ports", "workers", "command", "args"),
        *("resources", "topology_spread", "probes", "shutdown"),
        *("env", "env_from", "config", "secrets", "services", "worker"),
        *("pod", "service_account"),
    }
)
"""All that shapes pods, but for database and broker: rights and data stay what the spec says now."""

_NOT_KEPT: Final = {"worker": {"replicas"}}
"""How many pods there are is no part of a revision."""

_NOT_ASKED_FOR: Final[Mapping[str, set[str] | bool]] = {
    **dict.fromkeys(("replicas", "autoscaling", "pod_disruption_budget", "paused"), True),
    **dict.fromkeys(("route", "ingress", "monitoring"), True),
    "rollout": {"rollback_to", "auto_rollback"},
    **_NOT_KEPT,
}
"""What cannot be why pods do not get ready, nor make them."""

SIZE_LIMIT: Final = 200_000
"""Bytes of a snapshot: the annotations of an object may have 256 KiB together."""


def snapshot_annotation(spec: FastAPIServiceSpec) -> dict[str, str]:
    """The annotation that keeps the revision's part of the spec; none where it is too large for one."""
    snapshot = canonical_json(
        spec.model_dump(
            mode="json", by_alias=True, exclude_defaults=True, include=set(REVISION_FIELDS), exclude=_NOT_KEPT
        )
    )
    return {ANNOTATION_REVISION_SPEC: snapshot} if len(snapshot.encode()) <= SIZE_LIMIT else {}


def snapshot_in(obj: Mapping[str, Any]) -> str | None:
    """What is kept on a Deployment or on a ReplicaSet."""
    return annotation_of(obj, ANNOTATION_REVISION_SPEC)


def snapshot_hash(snapshot: str) -> str:
    return content_hash(snapshot)


def asked_hash(spec: FastAPIServiceSpec) -> str:
    """Changes with all that may be why pods do not get ready: a spec of another hash is worth another try."""
    return content_hash(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_NOT_ASKED_FOR))


def restored(spec: FastAPIServiceSpec, snapshot: str) -> FastAPIServiceSpec:
    """The spec with the fields of the revision in place of its own. Raises pydantic.ValidationError."""
    kept = FastAPIServiceSpec.model_validate_json(snapshot)
    fields = {field: getattr(kept, field) for field in REVISION_FIELDS}
    if kept.worker is not None and spec.worker is not None:
        fields["worker"] = kept.worker.model_copy(update={"replicas": spec.worker.replicas})
    return spec.model_copy(update=fields)
