"""Every reason and every condition is told of a state that can be brought about, and what fails has a cure."""

from dataclasses import dataclass

import asyncpg
import pytest
from fastapi_fleet.api.conditions import ConditionType as Type
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.api.glossary import NOTHING_TO_DO, REASONS
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.errors import ApiConflictError, ApiRefusedError, ApiUnavailableError
from support.contracts import ANOTHER, ANSWERING, contract_under, first_document
from support.resources import fastapi_service, fleet_platform
from support.scenarios import (
    CALLING,
    EMBEDDED,
    IMPOSSIBLE,
    INGRESSED,
    MIGRATED,
    MIGRATED_SPEC,
    NEWER,
    PLATFORM,
    ROUTED,
    SHOP,
    WITH_DATABASE,
    Scenario,
    administrator_lost,
    answered_by_gateway,
    asked_to_rotate,
    begin_a_rollout,
    cluster_with,
    database_silent,
    deleted_while_its_database_is_silent,
    external,
    foreign_deployment,
    migrations_that,
    not_ready_in_time,
    pod_that_is,
    pooled_on_a_server_of,
    preflight_that,
    refuse_new_logins,
    refused_by_api,
    rolled_back,
    rolling_out,
    rotated,
    rotation_after,
    running,
    running_without_the_job_that_checked_it,
    submitted,
    tried,
)


@dataclass(frozen=True)
class Told:
    """What status says once the scenario is played; of the service unless it is the platform's."""

    scenario: Scenario
    type: Type
    status: str

    @property
    def is_fault(self) -> bool:
        return self.status == "False" or self.type is Type.STALLED


TOLD: dict[Reason, Told] = {
    Reason.PENDING: Told(running(INGRESSED), Type.INGRESS_READY, "Unknown"),
    Reason.AS_SPECIFIED: Told(running(fastapi_service(monitoring={})), Type.MONITORING_READY, "True"),
    Reason.INVALID_SPEC: Told(
        running(fastapi_service(rollout={"rollbackTo": "0123456789abcdef"})), Type.SPEC_VALID, "False"
    ),
    Reason.NOT_OWNED: Told(foreign_deployment, Type.STALLED, "True"),
    Reason.PAUSED: Told(submitted(fastapi_service(paused=True)), Type.PAUSED, "True"),
    Reason.API_UNAVAILABLE: Told(refused_by_api(ApiUnavailableError("silent")), Type.ROLLOUT_COMPLETE, "False"),
    Reason.API_CONFLICT: Told(refused_by_api(ApiConflictError("newer")), Type.ROLLOUT_COMPLETE, "False"),
    Reason.API_REFUSED: Told(refused_by_api(ApiRefusedError("quota")), Type.READY, "False"),
    Reason.PLATFORM_MISSING: Told(submitted(WITH_DATABASE), Type.DEPENDENCIES_READY, "False"),
    Reason.PLATFORM_INVALID: Told(
        submitted(fleet_platform(defaults={"resources": IMPOSSIBLE}), fastapi_service()),
        Type.DEPENDENCIES_READY,
        "False",
    ),
    Reason.SECRET_MISSING: Told(
        submitted(fastapi_service(secrets=[{"env": "KEY", "name": "keys", "key": "key"}])),
        Type.DEPENDENCIES_READY,
        "False",
    ),
    Reason.CONFIG_MAP_MISSING: Told(
        submitted(fastapi_service(envFrom=[{"configMapRef": {"name": "shared"}}])), Type.DEPENDENCIES_READY, "False"
    ),
    Reason.SERVICE_MISSING: Told(submitted(CALLING), Type.DEPENDENCIES_READY, "False"),
    Reason.SERVICE_NOT_READY: Told(submitted(fastapi_service("users"), CALLING), Type.DEPENDENCIES_READY, "False"),
    Reason.DEPENDENCIES_FOUND: Told(running(fastapi_service("users"), CALLING), Type.DEPENDENCIES_READY, "True"),
    Reason.ADMIN_SECRET_MISSING: Told(administrator_lost, Type.CHILDREN_APPLIED, "False"),
    Reason.BACKEND_NOT_OFFERED: Told(running(fleet_platform(rabbitmq={}), WITH_DATABASE), Type.DATABASE_READY, "False"),
    Reason.BACKEND_NOT_READY: Told(submitted(EMBEDDED), Type.RABBITMQ_READY, "False"),
    Reason.BACKEND_UNAVAILABLE: Told(database_silent, Type.DATABASE_READY, "False"),
    Reason.PROVISIONED: Told(running(EMBEDDED, fastapi_service(broker={})), Type.BROKER_READY, "True"),
    Reason.CREDENTIALS_CURRENT: Told(rotated, Type.CREDENTIALS_ROTATED, "True"),
    Reason.ROTATION_DUE: Told(rotation_after(begin_a_rollout), Type.CREDENTIALS_ROTATED, "False"),
    Reason.ROTATING: Told(asked_to_rotate, Type.CREDENTIALS_ROTATED, "False"),
    Reason.SESSIONS_LEFT: Told(
        lambda: rotated((LoginSession("10.0.0.9", "2026-01-01T00:00:00Z"),)), Type.CREDENTIALS_ROTATED, "False"
    ),
    Reason.ROTATION_FAILED: Told(rotation_after(refuse_new_logins), Type.CREDENTIALS_ROTATED, "False"),
    Reason.MIGRATED: Told(migrations_that("Complete"), Type.MIGRATIONS_COMPLETE, "True"),
    Reason.MIGRATING: Told(migrations_that(None), Type.MIGRATIONS_COMPLETE, "False"),
    Reason.MIGRATION_FAILED: Told(migrations_that("Failed"), Type.MIGRATIONS_COMPLETE, "False"),
    Reason.SCHEMA_CURRENT: Told(migrations_that("Complete", outcome="current"), Type.MIGRATIONS_COMPLETE, "True"),
    Reason.SCHEMA_AHEAD: Told(migrations_that("Complete", outcome="ahead"), Type.MIGRATIONS_COMPLETE, "True"),
    Reason.SCHEMA_AHEAD_BLOCKED: Told(migrations_that("Failed", outcome="ahead"), Type.STALLED, "True"),
    Reason.SEVERAL_HEADS: Told(migrations_that("Failed", outcome="several"), Type.STALLED, "True"),
    Reason.CHECKING: Told(preflight_that(None), Type.CONFIG_VALID, "False"),
    Reason.SETTINGS_ACCEPTED: Told(preflight_that("Complete", outcome="accepted"), Type.CONFIG_VALID, "True"),
    Reason.SETTINGS_ABSENT: Told(preflight_that("Complete", outcome="absent"), Type.CONFIG_VALID, "True"),
    Reason.SETTINGS_REFUSED: Told(preflight_that("Failed", outcome="refused"), Type.CONFIG_VALID, "False"),
    Reason.PREFLIGHT_FAILED: Told(preflight_that("Failed"), Type.CONFIG_VALID, "False"),
    Reason.UNCHANGED: Told(running_without_the_job_that_checked_it, Type.CONFIG_VALID, "True"),
    Reason.NOTHING_TO_COMPARE: Told(first_document, Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_KEPT: Told(contract_under("Warn", ANSWERING), Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_ABSENT: Told(contract_under("Block", None), Type.CONTRACT_COMPATIBLE, "True"),
    Reason.CONTRACT_UNKNOWN: Told(contract_under("Warn", {"openapi": "2.0"}), Type.CONTRACT_COMPATIBLE, "Unknown"),
    Reason.CONTRACT_BROKEN: Told(contract_under("Warn", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.CONTRACT_APPROVED: Told(
        contract_under("RequireApproval", ANOTHER, approved=True), Type.CONTRACT_COMPATIBLE, "False"
    ),
    Reason.CONTRACT_BLOCKED: Told(contract_under("Block", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.APPROVAL_NEEDED: Told(contract_under("RequireApproval", ANOTHER), Type.CONTRACT_COMPATIBLE, "False"),
    Reason.ADMIN_SECRET_INVALID: Told(external(port="none"), Type.POSTGRES_READY, "False"),
    Reason.HOST_NOT_ALLOWED: Told(external(host="169.254.169.254"), Type.POSTGRES_READY, "False"),
    Reason.LOGIN_REFUSED: Told(external(asyncpg.InvalidPasswordError()), Type.POSTGRES_READY, "False"),
    Reason.NOT_PRIVILEGED: Told(external(asyncpg.InsufficientPrivilegeError()), Type.POSTGRES_READY, "False"),
    Reason.TLS_FAILED: Told(external(ConnectionError()), Type.POSTGRES_READY, "False"),
    Reason.AVAILABLE: Told(running(fastapi_service()), Type.READY, "True"),
    Reason.SCALED_TO_ZERO: Told(running(fastapi_service(replicas=0)), Type.ROLLOUT_COMPLETE, "True"),
    Reason.ROLLING_OUT: Told(submitted(fastapi_service()), Type.RECONCILING, "True"),
    Reason.ROLLED_BACK: Told(rolled_back, Type.ROLLED_BACK, "True"),
    Reason.NOT_READY_IN_TIME: Told(
        not_ready_in_time(fastapi_service(), fastapi_service(image=NEWER)), Type.STALLED, "True"
    ),
    Reason.NOTHING_TO_GO_BACK_TO: Told(not_ready_in_time(fastapi_service()), Type.ROLLED_BACK, "False"),
    Reason.MIGRATIONS_HAVE_RUN: Told(
        not_ready_in_time(EMBEDDED, MIGRATED, fastapi_service(image=NEWER, **MIGRATED_SPEC)), Type.ROLLED_BACK, "False"
    ),
    Reason.CANARY_STEP: Told(tried(seconds=0), Type.ROLLOUT_COMPLETE, "False"),
    Reason.CANARY_UNMEASURED: Told(tried(seconds=60, maxErrorRate=0.1), Type.RECONCILING, "True"),
    Reason.CANARY_ABORTED: Told(tried(seconds=300), Type.STALLED, "True"),
    Reason.PROGRESS_DEADLINE_EXCEEDED: Told(
        rolling_out(conditions=[{"type": "Progressing", "status": "False"}]), Type.STALLED, "True"
    ),
    Reason.REPLICA_FAILURE: Told(
        rolling_out(conditions=[{"type": "ReplicaFailure", "status": "True"}]), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.IMAGE_PULL_FAILED: Told(
        pod_that_is({"waiting": {"reason": "ErrImagePull"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.CRASH_LOOP: Told(pod_that_is({"terminated": {"exitCode": 1}}), Type.ROLLOUT_COMPLETE, "False"),
    Reason.CONTAINER_CONFIG_INVALID: Told(
        pod_that_is({"waiting": {"reason": "CreateContainerConfigError"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.OUT_OF_MEMORY: Told(
        pod_that_is({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), Type.ROLLOUT_COMPLETE, "False"
    ),
    Reason.UNSCHEDULABLE: Told(
        pod_that_is(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]),
        Type.ROLLOUT_COMPLETE,
        "False",
    ),
    Reason.NOT_ANSWERING_PROBES: Told(pod_that_is({"running": {}}), Type.ROLLOUT_COMPLETE, "False"),
    Reason.KIND_MISSING: Told(submitted(ROUTED), Type.ROUTE_READY, "False"),
    Reason.ROUTE_ACCEPTED: Told(answered_by_gateway("True"), Type.ROUTE_READY, "True"),
    Reason.ROUTE_NOT_ACCEPTED: Told(answered_by_gateway("False"), Type.ROUTE_READY, "False"),
    Reason.NOBODY_LET_IN: Told(running(INGRESSED), Type.NETWORK_OPEN, "False"),
    Reason.GRACEFUL_TIMEOUT_MISSING: Told(
        submitted(fastapi_service(command=["uvicorn", "app.main:app"])), Type.SHUTDOWN_IN_TIME, "False"
    ),
    Reason.GRACEFUL_TIMEOUT_TOO_LONG: Told(
        submitted(fastapi_service(command=["gunicorn", "--graceful-timeout=999", "app.main:app"])),
        Type.SHUTDOWN_IN_TIME,
        "False",
    ),
    Reason.SIGNAL_NOT_PASSED_ON: Told(
        submitted(fastapi_service(command=["sh", "-c", "migrate && uvicorn app.main:app"])),
        Type.SHUTDOWN_IN_TIME,
        "False",
    ),
    Reason.SERVER_LIMIT_EXCEEDED: Told(pooled_on_a_server_of(18), Type.CONNECTIONS_IN_BUDGET, "False"),
    Reason.EMBEDDED: Told(running(EMBEDDED), Type.PRODUCTION_GRADE, "False"),
    Reason.EXTERNAL: Told(external(), Type.PRODUCTION_GRADE, "Unknown"),
    Reason.NOT_REPLICATED: Told(cluster_with(ready=2), Type.PRODUCTION_GRADE, "False"),
    Reason.REPLICATED: Told(cluster_with(ready=3), Type.PRODUCTION_GRADE, "True"),
    Reason.PER_SERVICE: Told(
        submitted(fleet_platform(postgres={"topology": "PerService"})), Type.POSTGRES_READY, "True"
    ),
}


WARNED_OF: dict[Reason, Scenario] = {Reason.DATA_KEPT: deleted_while_its_database_is_silent}
"""What only Events tell: there is no status left to tell it."""


def test_there_is_a_scenario_for_every_reason_and_every_condition() -> None:
    assert TOLD.keys() | WARNED_OF.keys() == set(Reason)
    assert {told.type for told in TOLD.values()} == set(Type)


@pytest.mark.parametrize(("reason", "told"), TOLD.items(), ids=TOLD.keys())
async def test_reason_is_in_the_status_that_the_cluster_keeps(reason: Reason, told: Told) -> None:
    fleet = await told.scenario()
    kept = {
        (condition["type"], condition["status"], condition["reason"])
        for key in (SHOP, PLATFORM)
        if fleet.kube.has(key)
        for condition in fleet.kube.object(key)["status"]["conditions"]
    }
    assert (told.type, told.status, reason) in kept


@pytest.mark.parametrize(("reason", "scenario"), WARNED_OF.items(), ids=WARNED_OF.keys())
async def test_reason_is_in_an_event(reason: Reason, scenario: Scenario) -> None:
    fleet = await scenario()
    assert ("Warning", reason) in {(kind, said) for kind, said, _ in await fleet.told()}
    assert REASONS[reason].cure != NOTHING_TO_DO


@pytest.mark.parametrize(("reason", "told"), TOLD.items(), ids=TOLD.keys())
def test_reason_of_what_fails_has_a_cure(reason: Reason, told: Told) -> None:
    assert not told.is_fault or REASONS[reason].cure != NOTHING_TO_DO
