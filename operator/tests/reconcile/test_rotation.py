"""New passwords of a service while it runs: each step once, whatever comes between, and nobody is locked out."""

import base64
from collections.abc import Callable
from typing import Any, Literal

import pytest
from fastapi_fleet.backends.login_session import LoginSession
from fastapi_fleet.constants import ANNOTATION_ROTATE
from fastapi_fleet.errors import BackendUnavailableError
from fastapi_fleet.kube.kinds import Object, key_of
from fastapi_fleet.reconcile.backing_services import DRIFT_CHECK_SECONDS
from fastapi_fleet.reconcile.credentials import login_in, password_in
from fastapi_fleet.reconcile.rotation import SESSION_CHECK_SECONDS
from fastapi_fleet.reconcile.rotation_plan import SESSIONS_DEADLINE
from support.backed_service import SECRET, SHOP, running, urls, with_platform
from support.faults import Faults, ProcessDiedError
from support.fleet import Fleet, child
from support.resources import fastapi_service
from support.rotations import ask, assert_lets_in, go_on, rotated

DEPLOYMENT = child("Deployment", "shop")
HOUR, DAY = 3600.0, 86_400.0
PSQL = LoginSession("10.0.0.9", "2026-01-01T00:00:00Z")
SILENT = BackendUnavailableError("does not answer")


async def rotate(fleet: Fleet, value: str = "now") -> None:
    """From the request until the old login is locked."""
    ask(fleet, value)
    await go_on(fleet)
    await fleet.roll_out()
    await go_on(fleet)


def logins(fleet: Fleet) -> dict[str, str]:
    """What the Secret tells pods, by login."""
    return {login_in(url) or "": password_in(url) or "" for url in urls(fleet).values() if "://" in url}


def open_logins(fleet: Fleet) -> dict[str, str]:
    return {**fleet.postgres.logins, **{f"{user}@broker": one.password for user, one in fleet.rabbitmq.users.items()}}


async def test_request_gives_new_logins_in_one_rollout_and_locks_the_old_ones() -> None:
    fleet = await running()
    before = urls(fleet)
    await rotate(fleet)
    after = urls(fleet)
    assert login_in(after["DATABASE_URL"]) == "team.shop.b"
    assert login_in(after["RABBITMQ_URL"]) == "team.shop.b"
    assert password_in(after["DATABASE_URL"]) not in {password_in(url) for url in before.values()}
    assert_lets_in(fleet, after)
    assert set(fleet.postgres.logins) == {"team.shop.b"}
    assert set(fleet.rabbitmq.users) == {"team.shop.b"}
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_service_that_nobody_rotates_shows_nothing_of_it() -> None:
    fleet = await running()
    assert "CredentialsRotated" not in fleet.conditions(SHOP)
    assert "credentials" not in fleet.status(SHOP)
    assert "annotations" not in fleet.kube.object(SECRET)["metadata"] or not any(
        "rotation" in name for name in fleet.kube.object(SECRET)["metadata"]["annotations"]
    )


async def test_pods_get_the_new_login_only_once_it_lets_them_in_and_the_old_one_stays_until_they_are_gone() -> None:
    fleet = await running()
    old = urls(fleet)
    ask(fleet)
    await go_on(fleet)
    assert rotated(fleet) == ("False", "Rotating")
    assert_lets_in(fleet, old)
    assert_lets_in(fleet, urls(fleet))
    fleet.time.advance(2 * DAY)
    await fleet.settle()
    assert_lets_in(fleet, old)
    await fleet.roll_out()
    await go_on(fleet)
    assert "team.shop" not in fleet.postgres.logins


async def test_one_request_is_followed_once_and_the_next_goes_back_to_the_first_logins() -> None:
    fleet = await running()
    await rotate(fleet, "one")
    once = urls(fleet)
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    assert await fleet.settle() == []
    assert urls(fleet) == once
    await rotate(fleet, "two")
    assert login_in(urls(fleet)["DATABASE_URL"]) == "team.shop"
    assert set(fleet.postgres.logins) == {"team.shop"}
    assert password_in(urls(fleet)["DATABASE_URL"]) != password_in(once["DATABASE_URL"])


async def test_new_login_that_is_refused_reaches_no_pod() -> None:
    fleet = await running()
    before = urls(fleet)
    fleet.postgres.refused = {f"canary-{number}" for number in range(100)}
    ask(fleet)
    await go_on(fleet)
    assert urls(fleet) == before
    assert rotated(fleet) == ("False", "RotationFailed")
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    assert "canary" not in str(fleet.status(SHOP))
    fleet.postgres.refused = set()
    fleet.time.advance(300)
    await go_on(fleet)
    await fleet.roll_out()
    await go_on(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    assert_lets_in(fleet, urls(fleet))


async def test_rotation_waits_for_a_rollout_that_is_under_way() -> None:
    fleet = await running()
    before = urls(fleet)
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "image": "registry.example/shop:2"}})
    ask(fleet)
    await go_on(fleet)
    assert urls(fleet) == before
    assert rotated(fleet) == ("False", "RotationDue")
    assert "the rollout is complete" in fleet.conditions(SHOP)["CredentialsRotated"].message
    await fleet.roll_out()
    await go_on(fleet)
    assert rotated(fleet) == ("False", "Rotating")


async def test_service_that_is_new_rolls_out_before_it_rotates() -> None:
    asked = {**SHOP, "metadata": {**SHOP["metadata"], "annotations": {ANNOTATION_ROTATE: "at once"}}}
    fleet = await with_platform(asked)
    assert login_in(urls(fleet)["DATABASE_URL"]) == "team.shop"
    assert rotated(fleet) == ("False", "RotationDue")
    await fleet.roll_out()
    await go_on(fleet)
    assert login_in(urls(fleet)["DATABASE_URL"]) == "team.shop.b"


async def test_nothing_changes_while_a_backend_is_down_or_the_service_is_paused() -> None:
    fleet = await running()
    before = urls(fleet)
    fleet.rabbitmq.failure = SILENT
    fleet.time.advance(DRIFT_CHECK_SECONDS)
    ask(fleet)
    await go_on(fleet)
    assert urls(fleet) == before
    assert rotated(fleet) == ("False", "RotationDue")
    fleet.rabbitmq.failure = None
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "paused": True}})
    await go_on(fleet)
    assert urls(fleet) == before
    assert "CredentialsRotated" not in fleet.conditions(SHOP)


async def test_sessions_of_the_old_login_are_named_and_waited_for() -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    fleet.postgres.sessions["team.shop"] = (PSQL,) * 5
    await fleet.roll_out()
    assert rotated(fleet) == ("False", "SessionsLeft")
    message = fleet.conditions(SHOP)["CredentialsRotated"].message
    assert "team.shop" in message
    assert "10.0.0.9 since 2026-01-01T00:00:00Z" in message
    assert "and 2 more" in message
    assert "team.shop" in fleet.postgres.logins
    fleet.postgres.sessions.clear()
    fleet.time.advance(SESSION_CHECK_SECONDS)
    await go_on(fleet)
    assert "team.shop" not in fleet.postgres.logins
    assert rotated(fleet) == ("True", "CredentialsCurrent")


async def test_sessions_that_never_end_are_ended_when_their_time_is_up() -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    fleet.postgres.sessions["team.shop"] = (PSQL,)
    await fleet.roll_out()
    fleet.time.advance(SESSIONS_DEADLINE.total_seconds())
    await go_on(fleet)
    assert fleet.postgres.sessions == {}
    assert rotated(fleet) == ("True", "CredentialsCurrent")


async def test_old_login_that_cannot_be_locked_is_said_and_locked_later() -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    fleet.rabbitmq.failure = SILENT
    await fleet.roll_out()
    assert rotated(fleet) == ("False", "RotationFailed")
    assert set(fleet.rabbitmq.users) == {"team.shop", "team.shop.b"}
    fleet.rabbitmq.failure = None
    fleet.time.advance(300)
    await go_on(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")


ROTATING_SHOP = fastapi_service(
    database={"rotateEvery": "12h", "migrations": {"command": ["migrate"]}}, broker={"rotateEvery": "30d"}
)


async def with_made_secret(service: Object) -> Fleet:
    """Its Secret was made when the clock stood at its beginning."""
    fleet = await with_platform(service)
    await fleet.roll_out()

    def born(secret: Object) -> None:
        secret["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"

    fleet.kube.edit(SECRET, born)
    await fleet.settle()
    return fleet


async def test_schedule_changes_each_login_when_it_is_due_and_says_when_that_is() -> None:
    fleet = await with_made_secret(ROTATING_SHOP)
    before = urls(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    due = {one["name"]: one["dueAt"] for one in fleet.status(SHOP)["credentials"]}
    assert due == {"database": "2026-01-01T12:00:00Z", "broker": "2026-01-31T00:00:00Z"}
    fleet.time.advance(12 * HOUR - 120)
    await go_on(fleet)
    assert urls(fleet) == before
    fleet.time.advance(120)
    await go_on(fleet)
    assert login_in(urls(fleet)["DATABASE_URL"]) == "team.shop.b"
    assert urls(fleet)["RABBITMQ_URL"] == before["RABBITMQ_URL"]


async def test_migrators_password_changes_with_the_database() -> None:
    fleet = await with_made_secret(ROTATING_SHOP)

    def migrator() -> str:
        data = fleet.kube.object(child("Secret", "shop-migrations"))["data"]["DATABASE_URL"]
        return base64.b64decode(data).decode()

    before = migrator()
    await rotate(fleet)
    assert login_in(migrator()) == login_in(before) == "team.shop.migrator"
    assert password_in(migrator()) != password_in(before)
    assert fleet.postgres.databases["team.shop"].migrator_password == password_in(migrator())


async def test_rotation_is_told_by_events_without_any_password() -> None:
    fleet = await running()
    await fleet.told()
    await rotate(fleet)
    told = await fleet.told()
    assert [(kind, reason) for kind, reason, _ in told if reason != "Available"] == [
        ("Normal", "Rotating"),
        ("Normal", "CredentialsCurrent"),
    ]
    assert "canary" not in str(told)


async def test_deleting_a_service_ends_the_login_whose_turn_it_is() -> None:
    fleet = await running()
    await rotate(fleet)
    fleet.kube.remove(key_of(SHOP))
    await fleet.settle()
    assert fleet.postgres.logins == {}
    assert fleet.rabbitmq.users == {}


@pytest.mark.parametrize("record", ["{", "{}", '{"rotated_at": "yesterday"}', '{"rotated_at": "2026-01-01T00:00:00"}'])
async def test_record_that_a_hand_has_spoilt_leaves_the_logins_as_they_are(record: str) -> None:
    fleet = await running()
    await rotate(fleet)
    after = urls(fleet)

    def spoil(secret: Object) -> None:
        secret["metadata"]["annotations"]["fastapi-fleet.io/database-rotation"] = record

    def forget(service: Object) -> None:
        del service["metadata"]["annotations"]

    fleet.kube.edit(key_of(SHOP), forget)
    fleet.kube.edit(SECRET, spoil)
    await go_on(fleet)
    assert urls(fleet) == after
    assert_lets_in(fleet, after)


async def struck(faults: Faults) -> tuple[Fleet, dict[str, str]]:
    """A rotation of which a write is struck, and the Secret that the pods of before have read."""
    fleet = await running()
    old = urls(fleet)
    ask(fleet)
    faults.strike(fleet.kube, fleet.postgres, fleet.rabbitmq)
    return fleet, old


async def writes_until(end: Callable[[Fleet], Any]) -> int:
    faults = Faults()
    fleet, _ = await struck(faults)
    await end(fleet)
    return faults.count


async def to_the_end(fleet: Fleet) -> None:
    await go_on(fleet)
    await fleet.roll_out()
    await go_on(fleet)


async def finish(fleet: Fleet) -> None:
    for _ in range(3):
        fleet.time.advance(300)
        await go_on(fleet)
        await fleet.roll_out()


@pytest.mark.parametrize("when", ["before", "after"])
async def test_process_that_dies_at_any_write_leaves_pods_let_in_and_the_next_one_finishes(
    when: Literal["before", "after"],
) -> None:
    writes = await writes_until(to_the_end)
    assert writes > 5
    for at in range(writes):
        fleet, old = await struck(Faults(at, when, ProcessDiedError()))
        with pytest.raises(ProcessDiedError):
            await to_the_end(fleet)
        if login_in(old["DATABASE_URL"]) in fleet.postgres.logins:
            assert_old_pods_let_in(fleet, old)
        assert_lets_in(fleet, urls(fleet))
        fleet = fleet.restarted()
        await fleet.resync.prime()
        await go_on(fleet)
        assert_lets_in(fleet, urls(fleet))
        await finish(fleet)
        assert rotated(fleet) == ("True", "CredentialsCurrent"), f"died {when} write {at} of {writes}"
        assert_lets_in(fleet, urls(fleet))
        assert set(fleet.postgres.logins) == set(fleet.rabbitmq.users) == {"team.shop.b"}
        assert await fleet.settle() == []


def assert_old_pods_let_in(fleet: Fleet, old: dict[str, str]) -> None:
    """A login that is open has the password that its pods know."""
    assert fleet.postgres.logins[login_in(old["DATABASE_URL"]) or ""] == password_in(old["DATABASE_URL"])


@pytest.mark.parametrize("when", ["before", "after"])
async def test_old_pods_are_let_in_wherever_a_process_dies_before_they_are_gone(
    when: Literal["before", "after"],
) -> None:
    writes = await writes_until(go_on)
    for at in range(writes):
        fleet, old = await struck(Faults(at, when, ProcessDiedError()))
        with pytest.raises(ProcessDiedError):
            await go_on(fleet)
        assert_lets_in(fleet, old)
        fleet = fleet.restarted()
        await fleet.resync.prime()
        for _ in range(3):
            await go_on(fleet)
            assert_lets_in(fleet, old)
            assert_lets_in(fleet, urls(fleet))
            fleet.time.advance(DRIFT_CHECK_SECONDS)
