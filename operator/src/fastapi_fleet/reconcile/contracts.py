"""OpenAPI documents of a service: taken from the pod that was asked, kept for each check, compared with the last."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fastapi_fleet.api.resource_status import FastAPIServiceStatus, RevisionRecord
from fastapi_fleet.constants import ANNOTATION_APPROVED
from fastapi_fleet.contract.compare import compare_documents
from fastapi_fleet.contract.document import MalformedDocumentError
from fastapi_fleet.contract.findings import Finding
from fastapi_fleet.errors import ApiRefusedError
from fastapi_fleet.kube.cache import ObjectCache
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import CONFIG_MAP, POD, Object, ObjectKey, key_of
from fastapi_fleet.preflight.answer import DocumentAnswer
from fastapi_fleet.preflight.document import LONGEST_LINE, compressed_in, read_document
from fastapi_fleet.reconcile.children import Children
from fastapi_fleet.reconcile.ownership import component_of, is_owned, owner_key, refuse_foreign
from fastapi_fleet.reconcile.parse import parse_status
from fastapi_fleet.reconcile.service_plan import ServicePlan
from fastapi_fleet.resources import names
from fastapi_fleet.resources.contract_document import (
    COMPONENT,
    KeptDocument,
    kept_document,
    render_contract_document,
)
from fastapi_fleet.resources.manifest import Owner, annotation_of, with_hash
from fastapi_fleet.resources.preflight_job import asked_app, checked_before
from fastapi_fleet.status.config_valid import is_accepted
from fastapi_fleet.status.facts import ContractFacts, LiveObject, PreflightFacts, ServiceFacts
from fastapi_fleet.status.job_answers import answers
from fastapi_fleet.status.jobs import failure_of, has_succeeded, pods_of_job

LINES_BESIDE: Final = 1000
"""Lines that an image may write while it is asked, and whose length is nobody's promise."""

_REMEMBERED = 512
"""Comparisons of which the outcome is not asked for again; one is two requests and some milliseconds."""


class _NothingKnownError(Exception):
    """Why nothing is known of a document."""


class Contracts:
    def __init__(self, kube: KubeClient, cache: ObjectCache, children: Children) -> None:
        self._kube = kube
        self._cache = cache
        self._children = children
        self._compared: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()

    async def run(self, plan: ServicePlan, facts: ServiceFacts, resource: Object) -> ServiceFacts:
        """Keep the document of what is to run once it is there, and compare it with that of the last ready revision.

        Raises NotOwnedError.
        """
        if asked_app(plan.spec) is None or facts.preflight is None or not is_accepted(facts.preflight):
            return facts
        try:
            contract = await self._contract(plan, facts.preflight, _baseline(resource, facts.revision))
        except _NothingKnownError as why:
            contract = ContractFacts("unknown", why=str(why))
        approved = facts.revision is not None and annotation_of(resource, ANNOTATION_APPROVED) == facts.revision
        known = parse_status(resource, FastAPIServiceStatus).last_ready_revision == facts.revision
        callers = plan.observed.callers
        return replace(facts, contract=replace(contract, callers=callers, approved=approved, known=known))

    def kept(self, plan: ServicePlan, resource: Object) -> Iterator[Object]:
        """Documents of what is to run and of the revisions in the history."""
        history = parse_status(resource, FastAPIServiceStatus).history
        checks = {checked_before(plan.manifests.workload), *(record.check for record in history)}
        wanted = {names.contract(plan.owner.name, check) for check in checks if check is not None}
        for child in self._cache.owned_by(owner_key(plan.owner)):
            is_document = child["kind"] == CONFIG_MAP.name and component_of(child) == COMPONENT
            if is_document and child["metadata"]["name"] in wanted:
                yield child

    async def _contract(
        self, plan: ServicePlan, preflight: PreflightFacts, before: RevisionRecord | None
    ) -> ContractFacts:
        check = checked_before(plan.manifests.workload) or ""
        new = kept_in(self._cache, plan.owner, check) or await self._keep(plan, preflight, check)
        if new.absent:
            return ContractFacts("absent", why=new.absent)
        old = None if before is None else kept_in(self._cache, plan.owner, before.check or "")
        if before is None or old is None or old.absent:
            return ContractFacts("first")
        breaking = await self._breaking(plan.owner, (before.check or "", old.digest), (check, new.digest))
        return ContractFacts("compared", against=before.revision, breaking=breaking)

    async def _keep(self, plan: ServicePlan, preflight: PreflightFacts, check: str) -> KeptDocument:
        """What the image has answered; once it is kept, neither its pod nor the Job is needed any more."""
        document = await self._answered(preflight)
        manifest = with_hash(render_contract_document(plan.owner, check, document))
        live = await self._children.live([key_of(manifest)])
        refuse_foreign([manifest], live, plan.owner)
        if not live:
            await self._children.apply([manifest], live)
        return document

    async def _answered(self, preflight: PreflightFacts) -> KeptDocument:
        pod, answer = _answer_of(preflight)
        if answer.outcome == "absent":
            return KeptDocument(absent=answer.why)
        if answer.outcome == "failed":
            raise _NothingKnownError(answer.why)
        key = ObjectKey(POD.name, pod["metadata"]["namespace"], pod["metadata"]["name"])
        lines = 3 * answer.lines + LINES_BESIDE
        try:
            log = await self._kube.read_log(key, names.APP_CONTAINER, lines=lines, limit=lines * LONGEST_LINE)
        except ApiRefusedError as error:
            raise _NothingKnownError(f"the log of pod {key.name} cannot be read: {error.message}") from None
        compressed = compressed_in(log, answer.digest, answer.lines)
        if compressed is None:
            raise _NothingKnownError(f"the log of pod {key.name} does not hold the whole document")
        return KeptDocument(answer.digest, compressed=compressed)

    async def _breaking(self, owner: Owner, old: tuple[str, str], new: tuple[str, str]) -> tuple[str, ...]:
        """`old` and `new`: check and digest of each."""
        digests = old[1], new[1]
        if old[1] == new[1]:
            return ()
        if digests not in self._compared:
            documents = [await self._read(owner, check) for check, _ in (old, new)]
            try:
                self._compared[digests] = await asyncio.to_thread(_breaking, *documents)
            except (ValueError, MalformedDocumentError) as error:
                raise _NothingKnownError(str(error)) from None
            if len(self._compared) > _REMEMBERED:
                self._compared.popitem(last=False)
        return self._compared[digests]

    async def _read(self, owner: Owner, check: str) -> bytes:
        key = _key_of_document(owner, check)
        config_map = await self._kube.get(key)
        if config_map is None:
            raise _NothingKnownError(f"{key} is gone")
        return kept_document(config_map).compressed


def kept_in(cache: ObjectCache, owner: Owner, check: str) -> KeptDocument | None:
    """What is known of the document of a check, without the document."""
    known = cache.get(_key_of_document(owner, check))
    return kept_document(known) if known is not None and is_owned(known, owner) else None


def _key_of_document(owner: Owner, check: str) -> ObjectKey:
    return ObjectKey(CONFIG_MAP.name, owner.namespace, names.contract(owner.name, check))


def _baseline(resource: Object, revision: str | None) -> RevisionRecord | None:
    """The newest other revision that was ready: the one that callers know."""
    history = parse_status(resource, FastAPIServiceStatus).history
    return next((record for record in history if record.ready and record.revision != revision), None)


def _answer_of(preflight: PreflightFacts) -> tuple[LiveObject, DocumentAnswer]:
    if preflight.job is not None and failure_of(preflight.job) is not None:
        raise _NothingKnownError(f"Job {preflight.job['metadata']['name']} has failed")
    if preflight.job is None or not has_succeeded(preflight.job):
        raise _NothingKnownError("the image has not answered yet")
    for pod, answer in answers(pods_of_job(preflight.pods, preflight.job)):
        if answer.contract is not None:
            return pod, answer.contract
    raise _NothingKnownError(f"the pod of Job {preflight.job['metadata']['name']} is gone, and its answer with it")


def _breaking(before: bytes, after: bytes) -> tuple[str, ...]:
    findings = compare_documents(read_document(before), read_document(after))
    return tuple(_told(finding) for finding in findings if finding.is_breaking)


def _told(finding: Finding) -> str:
    """With the operation, where the message does not begin with it."""
    operation = finding.location.operation
    return finding.message if finding.message.startswith(operation) else f"{operation}: {finding.message}"
