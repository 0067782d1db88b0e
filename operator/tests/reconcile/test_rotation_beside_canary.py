"""New passwords and keys of a service whose revisions are tried first: they are not, and wait for what is."""

from typing import Any, Literal

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.kube.kinds import key_of
from support.backed_service import SECRET, urls, with_platform
from support.canary_shop import CANARY, SHOP, image_of, make_available, rollout, shop, state, wait
from support.faults import Faults, ProcessDiedError
from support.fleet import Fleet
from support.rotations import ask, assert_lets_in, go_on, rotated

HOUR, DAY = 3600.0, 86_400.0
WITH_LOGINS: dict[str, Any] = {"database": {"connectionLimit": 20}, "broker": {"publishes": ["order.created"]}}
WITH_KEY: dict[str, Any] = {
    "secrets": [{"env": "KEY", "signingKey": {"otherEnv": "OTHER_KEY", "publishBefore": "10m", "keepAfter": "2h"}}]
}
SECOND = {"team.shop.b"}


async def running(**spec: Any) -> Fleet:
    fleet = await with_platform(shop(**spec))
    await fleet.roll_out()
    return fleet


async def edit(fleet: Fleet, version: int) -> None:
    """As kubectl does: annotations and other fields stay."""
    image = f"registry.example/shop:{version}"
    fleet.kube.edit(key_of(SHOP), lambda service: service["spec"].update(image=image))
    await go_on(fleet)


async def promote(fleet: Fleet) -> None:
    """Through both steps, to the rollout of the Deployment that serves."""
    for pause in (60, 120):
        await make_available(fleet)
        await wait(fleet, pause)
    assert rollout(fleet)[1] == Reason.ROLLING_OUT


def logins(fleet: Fleet) -> tuple[set[str], set[str]]:
    """Who gets in."""
    return set(fleet.postgres.logins), set(fleet.rabbitmq.users)


def stage(fleet: Fleet) -> str:
    (key,) = fleet.status(SHOP)["signingKeys"]
    return str(key["stage"])


async def test_new_passwords_are_rolled_out_at_once() -> None:
    fleet = await running(**WITH_LOGINS)
    ask(fleet)
    await go_on(fleet)
    assert not fleet.kube.has(CANARY)
    assert rollout(fleet) == ("False", "RollingOut")
    assert "canary" not in fleet.status(SHOP)
    await fleet.roll_out()
    await go_on(fleet)
    assert logins(fleet) == (SECOND, SECOND)


async def test_no_step_of_an_exchange_of_keys_is_tried() -> None:
    fleet = await running(**WITH_KEY)
    ask(fleet)
    for expected in ("NextPublished", "PreviousAccepted", "Alone"):
        await go_on(fleet, 2 * HOUR)
        assert stage(fleet) == expected
        assert not fleet.kube.has(CANARY)
        await fleet.roll_out()
    await go_on(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    assert rollout(fleet) == ("True", "Available")


async def test_rotation_waits_for_a_canary_and_begins_when_it_has_taken_over() -> None:
    fleet = await running(**WITH_LOGINS)
    before = urls(fleet)
    await edit(fleet, 2)
    ask(fleet)
    await go_on(fleet)
    assert rotated(fleet) == ("False", "RotationDue")
    assert "the rollout is complete" in fleet.conditions(SHOP)["CredentialsRotated"].message
    await promote(fleet)
    assert urls(fleet) == before
    await fleet.roll_out()
    await go_on(fleet)
    assert rotated(fleet) == ("False", "Rotating")
    assert image_of(fleet) == "2"
    await fleet.roll_out()
    await go_on(fleet)
    assert logins(fleet) == (SECOND, SECOND)


async def test_rotation_waits_as_long_as_an_aborted_canary_is_asked_for_and_says_so() -> None:
    fleet = await running(**WITH_LOGINS)
    before = urls(fleet)
    await edit(fleet, 2)
    await wait(fleet, 90)
    assert rollout(fleet) == ("False", "CanaryAborted")
    ask(fleet)
    await go_on(fleet, DAY)
    assert urls(fleet) == before
    assert rotated(fleet) == ("False", "RotationDue")
    await edit(fleet, 1)
    assert rotated(fleet) == ("False", "Rotating")


async def test_canary_that_begins_while_passwords_change_keeps_both_logins_open_until_its_end() -> None:
    fleet = await running(**WITH_LOGINS)
    old = urls(fleet)
    ask(fleet)
    await go_on(fleet)
    new = urls(fleet)
    await edit(fleet, 2)
    assert state(fleet)[:2] == ("Progressing", 1)
    await go_on(fleet, 60)
    assert_lets_in(fleet, old)
    assert_lets_in(fleet, new)
    await wait(fleet, 30)
    assert rollout(fleet) == ("False", "CanaryAborted")
    await go_on(fleet, DAY)
    assert_lets_in(fleet, old)
    assert_lets_in(fleet, new)
    await edit(fleet, 3)
    await promote(fleet)
    assert_lets_in(fleet, old)
    await fleet.roll_out()
    await go_on(fleet)
    assert (urls(fleet), logins(fleet)) == (new, (SECOND, SECOND))
    assert rotated(fleet) == ("True", "CredentialsCurrent")


async def test_canary_in_the_middle_of_an_exchange_of_keys_holds_its_next_step_back() -> None:
    fleet = await running(**WITH_KEY)
    ask(fleet)
    await go_on(fleet)
    await fleet.roll_out()
    assert stage(fleet) == "NextPublished"
    published = urls(fleet)
    await edit(fleet, 2)
    await make_available(fleet)
    await go_on(fleet, 30)
    assert state(fleet)[:2] == ("Progressing", 1)
    fleet.kube.edit(CANARY, lambda canary: canary.update(status={}))
    await go_on(fleet, DAY)
    assert rollout(fleet) == ("False", "CanaryAborted")
    assert (stage(fleet), urls(fleet)) == ("NextPublished", published)
    await edit(fleet, 1)
    await go_on(fleet)
    assert stage(fleet) == "PreviousAccepted"
    assert not fleet.kube.has(CANARY)


async def test_lost_secret_reaches_the_pods_at_once() -> None:
    """What serves is not let in by its old passwords any more."""
    fleet = await running(**WITH_LOGINS)
    fleet.kube.remove(SECRET)
    await fleet.settle()
    assert not fleet.kube.has(CANARY)
    assert rollout(fleet) == ("False", "RollingOut")
    assert_lets_in(fleet, urls(fleet))


async def to_the_end(fleet: Fleet) -> None:
    """Whatever pods have read when they came up lets them in until others have taken their place."""
    for _ in range(8):
        read = urls(fleet)
        await fleet.roll_out()
        await go_on(fleet, 60)
        assert_lets_in(fleet, read)


async def struck(faults: Faults) -> Fleet:
    """Passwords are asked for in the middle of a canary, and a write is struck."""
    fleet = await running(**WITH_LOGINS)
    await edit(fleet, 2)
    ask(fleet)
    faults.strike(fleet.kube)
    return fleet


@pytest.mark.parametrize("when", ["before", "after"])
async def test_process_that_dies_at_any_write_leaves_pods_let_in_and_the_next_one_finishes(
    when: Literal["before", "after"],
) -> None:
    counted = Faults()
    await to_the_end(await struck(counted))
    assert counted.count > 5
    for at in range(counted.count):
        fleet = await struck(Faults(at, when, ProcessDiedError()))
        with pytest.raises(ProcessDiedError):
            await to_the_end(fleet)
        assert_lets_in(fleet, urls(fleet))
        later = fleet.time.now
        fleet = fleet.restarted()
        fleet.time.advance(later - fleet.time.now)
        await fleet.resync.prime()
        await go_on(fleet)
        assert_lets_in(fleet, urls(fleet))
        await to_the_end(fleet)
        assert image_of(fleet) == "2", f"died {when} write {at}"
        assert logins(fleet) == (SECOND, SECOND), f"died {when} write {at}"
        assert not fleet.kube.has(CANARY)
