"""R1: wherever a pass is cut off or refused, the next ones bring about what an undisturbed one does, and no more."""

import re
from collections.abc import Awaitable, Callable
from itertools import count, repeat
from typing import Any

import pytest
from fastapi_fleet.errors import (
    ApiConflictError,
    ApiRefusedError,
    ApiUnavailableError,
    BackendUnavailableError,
    ReconcileError,
)
from fastapi_fleet.kube.kinds import OPTIONAL, Object, ObjectKey, key_of
from fastapi_fleet.resources.secret import decode
from support.faults import Faults, ProcessDiedError
from support.fleet import Fleet
from support.openapi import answering
from support.resources import fastapi_service, fleet_platform

PLATFORM = fleet_platform(postgres={}, rabbitmq={})
ALL: dict[str, Any] = {
    "config": {"LEVEL": "info"},
    "secrets": [{"env": "KEY", "generate": True}],
    "database": {"migrations": {"command": ["migrate"]}},
    "broker": {"publishes": ["order.created"], "consumes": ["user.registered"]},
    "autoscaling": {"minReplicas": 2, "maxReplicas": 4},
    "route": {"parentRefs": [{"name": "public"}]},
    "ingress": {"host": "shop.example.org"},
    "monitoring": {},
    "worker": {},
    "preflight": {},
}
SHOP, FULL_SHOP = fastapi_service(replicas=2), fastapi_service(**ALL)
PASSING_SHOP = fastapi_service(
    database={"deletionPolicy": "Delete"}, broker={"consumes": ["user.registered"], "deletionPolicy": "Delete"}
)

PER_SERVICE = fleet_platform(postgres={"topology": "PerService"}, rabbitmq={})


def promising(version: int, policy: str) -> Object:
    preflight = {"contract": {"policy": policy}}
    return fastapi_service(image=f"registry.example/shop:{version}", preflight=preflight)


def migrating(version: int) -> Object:
    """By Alembic; an image that the database is ahead of does not run."""
    migrations = {"command": ["alembic", "upgrade", "head"], "onSchemaAhead": "Block"}
    return fastapi_service(image=f"registry.example/shop:{version}", database={"migrations": migrations})


DOCUMENTS = {
    "registry.example/shop:1": answering({"type": "string"}),
    "registry.example/shop:2": answering({"type": "integer"}),
}

Step = Callable[[Fleet], Awaitable[object]]


def submit(resource: Object) -> Step:
    return lambda fleet: fleet.submit(resource)


async def remove_the_shop(fleet: Fleet) -> None:
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()


SCENARIOS: dict[str, tuple[list[Step], Step]] = {
    "platform is made": ([], submit(PLATFORM)),
    "platform loses a backend": ([submit(PLATFORM)], submit(fleet_platform(postgres={}))),
    "service is made": ([submit(PLATFORM)], submit(SHOP)),
    "service is made with all children and backends": ([submit(PLATFORM)], submit(FULL_SHOP)),
    "service gets everything": ([submit(PLATFORM), submit(SHOP)], submit(FULL_SHOP)),
    "service loses everything": ([submit(PLATFORM), submit(FULL_SHOP)], submit(SHOP)),
    "service gets a new image": ([submit(SHOP)], submit(fastapi_service(image="registry.example/shop:2", replicas=2))),
    "service breaks its contract": ([submit(promising(1, "Block"))], submit(promising(2, "Block"))),
    "service breaks its contract, which is allowed": ([submit(promising(1, "Warn"))], submit(promising(2, "Warn"))),
    "service goes back, and the database is asked anew": (
        [submit(PLATFORM), submit(migrating(1)), submit(migrating(2))],
        submit(migrating(1)),
    ),
    "service is deleted": ([submit(PLATFORM), submit(FULL_SHOP)], remove_the_shop),
    "service is deleted with its data": ([submit(PLATFORM), submit(PASSING_SHOP)], remove_the_shop),
    "service is made with a server of its own": ([submit(PER_SERVICE)], submit(FULL_SHOP)),
    "service loses its own server": ([submit(PER_SERVICE), submit(FULL_SHOP)], submit(SHOP)),
    "service with a server of its own is deleted with its data": (
        [submit(PER_SERVICE), submit(PASSING_SHOP)],
        remove_the_shop,
    ),
}

Snapshot = dict[str, Any]

UNSTABLE = {"uid", "resourceVersion", "managedFields", "generation", "observedGeneration"}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


async def prepared(steps: list[Step]) -> Fleet:
    """On a cluster with all kinds. Passwords are all the same, so that objects can be compared with other runs'."""
    fleet = Fleet()
    fleet.kube.served |= {kind.name for kind in OPTIONAL}
    await fleet.optional_kinds.look()
    fleet.secrets = repeat("canary")
    fleet.kube.documents = DOCUMENTS
    for step in steps:
        await step(fleet)
        await fleet.roll_out()
    return fleet


async def come_to_rest(fleet: Fleet) -> None:
    """Retries, pods that come up, and old ones that are let go."""
    for _ in range(4):
        fleet.time.advance(300)
        await fleet.roll_out()


def snapshot(fleet: Fleet) -> Snapshot:
    return {
        "objects": {str(key): _comparable(fleet.kube.object(key)) for key in sorted(fleet.kube.keys())},
        "databases": fleet.postgres.databases,
        "locked": set(fleet.postgres.locked),
        "dropped": set(fleet.postgres.dropped),
        "users": fleet.rabbitmq.users,
        "removed": set(fleet.rabbitmq.removed),
        "emptied": set(fleet.rabbitmq.emptied),
    }


def _comparable(value: Any) -> Any:
    """Without what tells when and in how many steps an object became what it is."""
    if isinstance(value, dict):
        return {key: _comparable(item) for key, item in value.items() if key not in UNSTABLE}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return "some time" if isinstance(value, str) and TIMESTAMP.fullmatch(value) else value


def everything(fleet: Fleet) -> list[object]:
    return [fleet.kube, fleet.postgres, fleet.rabbitmq]


def kubernetes(fleet: Fleet) -> list[object]:
    return [fleet.kube]


def backends(fleet: Fleet) -> list[object]:
    return [fleet.postgres, fleet.rabbitmq]


Targets = Callable[[Fleet], list[object]]


async def undisturbed(steps: list[Step], last: Step, targets: Targets) -> tuple[Snapshot, int]:
    """What comes of it, and the writes to the targets that it took."""
    fleet, faults = await prepared(steps), Faults()
    faults.strike(*targets(fleet))
    await last(fleet)
    await fleet.roll_out()
    writes = faults.count
    await come_to_rest(fleet)
    return snapshot(fleet), writes


async def struck(steps: list[Step], last: Step, targets: Targets, faults: Faults) -> Fleet:
    """The fleet that the fault left behind: the process that died, or the one that had to go on."""
    fleet = await prepared(steps)
    faults.strike(*targets(fleet))
    try:
        await last(fleet)
        await fleet.roll_out()
    except ProcessDiedError:
        pass
    assert faults.count > (faults.at or 0), "the fault never struck"
    return fleet


async def succeeded(fleet: Fleet) -> Fleet:
    """The process that comes after one that died."""
    successor = fleet.restarted()
    successor.secrets = repeat("canary")
    await successor.optional_kinds.look()
    await successor.resync.prime()
    await successor.settle()
    return successor


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("steps", "last"), SCENARIOS.values(), ids=SCENARIOS.keys())
async def test_process_that_dies_at_any_write_leaves_the_same_to_be_made(
    steps: list[Step], last: Step, when: Any
) -> None:
    expected, writes = await undisturbed(steps, last, everything)
    assert writes > 1
    for at in range(writes):
        fleet = await succeeded(await struck(steps, last, everything, Faults(at, when, ProcessDiedError())))
        await come_to_rest(fleet)
        assert snapshot(fleet) == expected, f"died {when} write {at} of {writes}"
        assert await fleet.settle() == []


API_ERRORS: dict[str, tuple[Targets, str, Callable[[], ReconcileError]]] = {
    "409": (kubernetes, "before", lambda: ApiConflictError("has changed")),
    "403": (kubernetes, "before", lambda: ApiRefusedError("forbidden")),
    "429 or 503": (kubernetes, "before", lambda: ApiUnavailableError("too many", retry_after=7.0)),
    "timeout after the write went through": (kubernetes, "after", lambda: ApiUnavailableError("TimeoutError")),
    "backend that does not answer": (backends, "before", lambda: BackendUnavailableError("no answer")),
    "backend whose answer is lost": (backends, "after", lambda: BackendUnavailableError("no answer")),
}
LONGEST = {
    name: SCENARIOS[name]
    for name in (
        "service is made with all children and backends",
        "service loses everything",
        "service is deleted",
        "platform loses a backend",
    )
}


@pytest.mark.parametrize(("targets", "when", "error"), API_ERRORS.values(), ids=API_ERRORS.keys())
@pytest.mark.parametrize(("steps", "last"), LONGEST.values(), ids=LONGEST.keys())
async def test_write_that_fails_is_made_up_for(
    steps: list[Step], last: Step, targets: Targets, when: Any, error: Callable[[], ReconcileError]
) -> None:
    expected, writes = await undisturbed(steps, last, targets)
    for at in range(writes):
        fleet = await struck(steps, last, targets, Faults(at, when, error()))
        await come_to_rest(fleet)
        assert snapshot(fleet) == expected, f"failed at write {at} of {writes}"
        assert await fleet.settle() == []


@pytest.mark.parametrize("when", ["before", "after"])
async def test_password_that_was_written_is_never_replaced_by_the_next_process(when: Any) -> None:
    steps, last = SCENARIOS["service is made with all children and backends"]
    _, writes = await undisturbed(steps, last, everything)
    for at in range(writes):
        fleet = await struck(steps, last, everything, Faults(at, when, ProcessDiedError()))
        written = secrets_of(fleet)
        successor = fleet.restarted()
        successor.secrets = (f"later-{number}" for number in count(1))
        await successor.optional_kinds.look()
        await successor.resync.prime()
        await come_to_rest(successor)
        assert written.items() <= secrets_of(successor).items()
        (password,) = {request.password for request in successor.postgres.databases.values()}
        assert password in decoded(successor, "DATABASE_URL")


def secrets_of(fleet: Fleet) -> dict[ObjectKey, Any]:
    return {key: str(fleet.kube.object(key)["data"]) for key in fleet.kube.keys("Secret")}


def decoded(fleet: Fleet, variable: str) -> str:
    return decode(fleet.kube.object(ObjectKey("Secret", "team", "shop-secrets")))[variable]
