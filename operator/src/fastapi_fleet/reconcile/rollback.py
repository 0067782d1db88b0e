"""Rolling back, by the spec's word or by itself: the spec of an earlier revision, found beside its pod template."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from fastapi_fleet.api.resource_status import FastAPIServiceStatus, RevisionRecord, Rollback
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_COMPONENT, LABEL_OWNER_KIND, LABEL_OWNER_NAME
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import DEPLOYMENT, REPLICA_SET, Object
from fastapi_fleet.reconcile.parse import parse_status, require_consistent
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.revision_spec import restored, snapshot_hash, snapshot_in
from fastapi_fleet.status.auto_rollback import stands
from fastapi_fleet.status.revisions import revision_of

FIELD = "spec.rollout.rollbackTo"


@dataclass(frozen=True)
class Wanted:
    """`rollback`: by what an earlier pass has decided `spec` is not the resource's own."""

    spec: FastAPIServiceSpec
    rollback: Rollback | None = None


async def wanted_spec(owner: Owner, spec: FastAPIServiceSpec, resource: Object, kube: KubeClient) -> Wanted:
    """The spec as it is to run: with image, configuration and pods of an earlier revision, where that is to run.

    Raises InvalidSpecError where the spec names one of which nothing is kept: what runs is left alone then.
    """
    status = parse_status(resource, FastAPIServiceStatus)
    if spec.rollout.rollback_to is not None:
        return Wanted(await _named_by(spec, spec.rollout.rollback_to, owner, status.history, kube))
    if status.rollback is None or not stands(status.rollback, spec):
        return Wanted(spec)
    earlier = (await restorable_specs(owner, spec, kube)).get(status.rollback.to_spec_hash)
    return Wanted(spec) if earlier is None else Wanted(earlier, status.rollback)


async def restorable_specs(
    owner: Owner, spec: FastAPIServiceSpec, kube: KubeClient
) -> Mapping[str, FastAPIServiceSpec]:
    """What of earlier revisions is kept and fits the rest of the spec, by the hash that tells it from a forgery."""
    found = {}
    for snapshot in set((await _kept_snapshots(owner, kube)).values()):
        with suppress(InvalidSpecError):
            found[snapshot_hash(snapshot)] = _back_to(spec, owner.name, snapshot)
    return found


async def _named_by(
    spec: FastAPIServiceSpec, revision: str, owner: Owner, history: Sequence[RevisionRecord], kube: KubeClient
) -> FastAPIServiceSpec:
    kept = await _kept_snapshots(owner, kube)
    known = {record.revision: kept[record.revision] for record in history if _is_kept(record, kept)}
    if revision not in known:
        names = ", ".join(known) or "none"
        raise InvalidSpecError(FIELD, f"nothing is kept of revision {revision}; what can run again: {names}")
    return _back_to(spec, owner.name, known[revision])


async def _kept_snapshots(owner: Owner, kube: KubeClient) -> Mapping[str, str]:
    """What the ReplicaSets of the service's own Deployment keep, by revision."""
    labels = {LABEL_OWNER_KIND: owner.kind, LABEL_OWNER_NAME: owner.name, LABEL_COMPONENT: "service"}
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    kept = {}
    for replica_set in await kube.list_objects(REPLICA_SET, owner.namespace, selector):
        revision, snapshot = revision_of(replica_set["spec"]["template"]), snapshot_in(replica_set)
        if revision is not None and snapshot is not None and _is_of(replica_set, owner):
            kept[revision] = snapshot
    return kept


def _is_kept(record: RevisionRecord, kept: Mapping[str, str]) -> bool:
    """Whether it is there as the operator wrote it: anybody who may edit a Deployment may edit its annotations."""
    snapshot = kept.get(record.revision)
    return snapshot is not None and snapshot_hash(snapshot) == record.spec_hash


def _is_of(replica_set: Object, owner: Owner) -> bool:
    references = replica_set["metadata"].get("ownerReferences") or ()
    return any(reference["kind"] == DEPLOYMENT.name and reference["name"] == owner.name for reference in references)


def _back_to(spec: FastAPIServiceSpec, name: str, snapshot: str) -> FastAPIServiceSpec:
    try:
        rolled_back = restored(spec, snapshot)
        require_consistent(name, rolled_back)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidSpecError(FIELD, f"this operator cannot run that revision: {field}: {first['msg']}") from None
    except InvalidSpecError as error:
        raise InvalidSpecError(FIELD, f"that revision does not fit the rest of the spec: {error.message}") from None
    return rolled_back
