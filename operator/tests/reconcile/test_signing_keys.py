"""A signing key is published, then signs, then is dropped: whatever comes between, no token is refused."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fastapi_fleet.constants import ANNOTATION_SIGNING_KEYS
from fastapi_fleet.kube.kinds import Object
from support.backed_service import PLATFORM, SECRET
from support.faults import Faults, ProcessDiedError
from support.fleet import Fleet
from support.resources import fastapi_service
from support.rotations import ask, go_on, rotated

KEY, OTHER = "JWT_PRIVATE_KEY", "JWT_OTHER_PRIVATE_KEY"
PUBLISH_BEFORE, KEEP_AFTER, DAY = 600.0, 7200.0, 86_400.0


def with_key(**key: str) -> Object:
    return fastapi_service(secrets=[{"env": KEY, "signingKey": {"otherEnv": OTHER, "keepAfter": "2h", **key}}])


SHOP = with_key()


async def running(service: Object = SHOP) -> Fleet:
    fleet = Fleet()
    await fleet.submit(service)
    await fleet.roll_out()
    return fleet


async def rolled_out(fleet: Fleet) -> None:
    await fleet.roll_out()
    await go_on(fleet)


@dataclass(frozen=True)
class Keys:
    """What a pod has read."""

    signs: str = field(repr=False)
    other: str = field(repr=False)

    @property
    def accepted(self) -> set[str]:
        return {self.signs, self.other} - {""}


def keys(fleet: Fleet) -> Keys:
    data: Mapping[str, str] = fleet.kube.object(SECRET)["data"]
    return Keys(*(base64.b64decode(data[env]).decode() for env in (KEY, OTHER)))


def stage(fleet: Fleet) -> str:
    (key,) = fleet.status(SHOP)["signingKeys"]
    assert key["env"] == KEY
    return str(key["stage"])


async def test_key_is_an_ed25519_one_and_the_second_is_empty() -> None:
    fleet = await running()
    assert isinstance(load_pem_private_key(keys(fleet).signs.encode(), None), Ed25519PrivateKey)
    assert keys(fleet).other == ""


async def test_key_that_nobody_exchanges_stays_and_nothing_is_told_of_it() -> None:
    fleet = await running()
    before = keys(fleet)
    await go_on(fleet, 400 * DAY)
    assert keys(fleet) == before
    assert "CredentialsRotated" not in fleet.conditions(SHOP)
    assert "signingKeys" not in fleet.status(SHOP)
    assert ANNOTATION_SIGNING_KEYS not in fleet.kube.object(SECRET)["metadata"]["annotations"]


async def test_next_key_is_published_before_it_signs_and_the_one_before_kept_until_its_tokens_are_over() -> None:
    fleet = await running()
    before = keys(fleet)
    ask(fleet)
    await go_on(fleet)
    published = keys(fleet)
    assert (published.signs, stage(fleet)) == (before.signs, "NextPublished")
    assert isinstance(load_pem_private_key(published.other.encode(), None), Ed25519PrivateKey)
    await rolled_out(fleet)
    await go_on(fleet, PUBLISH_BEFORE - 1)
    assert keys(fleet) == published
    await go_on(fleet, 1)
    assert (keys(fleet), stage(fleet)) == (Keys(published.other, before.signs), "PreviousAccepted")
    await rolled_out(fleet)
    await go_on(fleet, KEEP_AFTER - 1)
    assert keys(fleet).other == before.signs
    await go_on(fleet, 1)
    assert (keys(fleet), stage(fleet)) == (Keys(published.other, ""), "Alone")
    assert rotated(fleet) == ("False", "Rotating")
    await rolled_out(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_time_counts_from_the_end_of_the_rollout() -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    published = keys(fleet)
    await go_on(fleet, 2 * DAY)
    assert keys(fleet) == published
    assert "restart to publish the next key" in fleet.conditions(SHOP)["CredentialsRotated"].message
    await rolled_out(fleet)
    assert keys(fleet) == published
    await go_on(fleet, PUBLISH_BEFORE)
    assert keys(fleet).signs == published.other


async def to_the_end(fleet: Fleet) -> None:
    await go_on(fleet)
    for _ in range(4):
        await rolled_out(fleet)
        await go_on(fleet, KEEP_AFTER)


async def test_one_request_is_followed_once_and_one_that_comes_meanwhile_afterwards() -> None:
    fleet = await running()
    first = keys(fleet).signs
    ask(fleet, "one")
    await go_on(fleet)
    second = keys(fleet).other
    ask(fleet, "two")
    await rolled_out(fleet)
    assert keys(fleet) == Keys(first, second)
    await to_the_end(fleet)
    await to_the_end(fleet)
    third = keys(fleet).signs
    assert third not in {first, second}
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    await go_on(fleet, 400 * DAY)
    assert keys(fleet) == Keys(third, "")


async def test_schedule_counts_from_the_day_on_which_a_key_began_to_sign() -> None:
    fleet = await running(with_key(rotateEvery="30d"))

    def born(secret: Object) -> None:
        secret["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"

    fleet.kube.edit(SECRET, born)
    await fleet.settle()
    before = keys(fleet)
    assert fleet.status(SHOP)["signingKeys"][0]["dueAt"] == "2026-01-31T00:00:00Z"
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    await go_on(fleet, 30 * DAY - 60)
    assert keys(fleet) == before
    await go_on(fleet, 60)
    assert stage(fleet) == "NextPublished"
    await to_the_end(fleet)
    assert keys(fleet).signs != before.signs
    assert fleet.status(SHOP)["signingKeys"][0]["dueAt"] > "2026-03-02T00:00:00Z"


async def test_step_waits_for_a_rollout_that_is_under_way() -> None:
    fleet = await running()
    before = keys(fleet)
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "image": "registry.example/shop:2"}})
    ask(fleet)
    await go_on(fleet)
    assert keys(fleet) == before
    assert rotated(fleet) == ("False", "RotationDue")
    assert "the rollout is complete" in fleet.conditions(SHOP)["CredentialsRotated"].message
    await rolled_out(fleet)
    assert stage(fleet) == "NextPublished"


async def with_database() -> Fleet:
    fleet = Fleet()
    await fleet.submit(PLATFORM)
    await fleet.roll_out()
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "database": {}}})
    await fleet.roll_out()
    return fleet


async def test_passwords_change_first_and_in_a_write_of_their_own() -> None:
    fleet = await with_database()
    before = keys(fleet)
    ask(fleet)
    written = await fleet.settle()
    assert [call.name for call in written].count("shop-secrets") == 1
    assert keys(fleet) == before
    await to_the_end(fleet)
    await to_the_end(fleet)
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    assert set(fleet.postgres.logins) == {"team.shop.b"}
    assert keys(fleet).signs != before.signs


async def test_passwords_change_while_the_key_before_is_kept_and_no_longer_for_that() -> None:
    fleet = await with_database()
    ask(fleet, "one")
    for _ in range(4):
        await go_on(fleet, PUBLISH_BEFORE)
        await rolled_out(fleet)
    assert stage(fleet) == "PreviousAccepted"
    before, until = keys(fleet), fleet.status(SHOP)["signingKeys"][0]["until"]
    ask(fleet, "two")
    await go_on(fleet)
    await rolled_out(fleet)
    assert set(fleet.postgres.logins) == {"team.shop"}
    assert (keys(fleet), fleet.status(SHOP)["signingKeys"][0]["until"]) == (before, until)


async def test_paused_service_changes_no_key() -> None:
    fleet = await running()
    await fleet.submit({**SHOP, "spec": {**SHOP["spec"], "paused": True}})
    before = keys(fleet)
    ask(fleet)
    await go_on(fleet)
    assert keys(fleet) == before
    assert "CredentialsRotated" not in fleet.conditions(SHOP)


@pytest.mark.parametrize("record", ["{", "[]", '{"JWT_PRIVATE_KEY": {"stage": "Over"}}', "{}"])
async def test_record_that_a_hand_has_spoilt_drops_no_key_before_its_tokens_are_over(record: str) -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    await rolled_out(fleet)
    published = keys(fleet)

    def spoil(secret: Object) -> None:
        secret["metadata"]["annotations"][ANNOTATION_SIGNING_KEYS] = record

    fleet.kube.edit(SECRET, spoil)
    await go_on(fleet, KEEP_AFTER - 1)
    assert keys(fleet) == published
    await go_on(fleet, 1)
    assert keys(fleet) == Keys(published.signs, "")


async def test_second_key_that_a_hand_has_taken_never_signs() -> None:
    fleet = await running()
    ask(fleet)
    await go_on(fleet)
    await rolled_out(fleet)
    before = keys(fleet)

    def take(secret: Object) -> None:
        secret["data"][OTHER] = ""

    fleet.kube.edit(SECRET, take)
    await to_the_end(fleet)
    assert keys(fleet) == Keys(before.signs, "")


async def test_no_key_is_told_in_status_or_events() -> None:
    fleet = await running()
    ask(fleet)
    seen = {keys(fleet).signs}
    await go_on(fleet)
    seen.add(keys(fleet).other)
    told = f"{await fleet.told()}{fleet.status(SHOP)}"
    await to_the_end(fleet)
    told += f"{await fleet.told()}{fleet.status(SHOP)}"
    assert "CredentialsCurrent" in told
    for key in seen:
        assert key.splitlines()[1] not in told


class Pods:
    """What the pods of the two newest revisions have read, and when each key was published by all of them."""

    def __init__(self, fleet: Fleet) -> None:
        self.old = self.new = keys(fleet)
        self.published_since: dict[str, datetime] = dict.fromkeys(self.new.accepted, datetime.min.replace(tzinfo=UTC))
        self.signed_until: dict[str, datetime] = {}

    def look(self, fleet: Fleet) -> None:
        """Raises AssertionError where a token would have been refused."""
        now = keys(fleet)
        if now == self.new:
            return
        assert self.old == self.new, "a step began before the rollout of the one before was over"
        self.new = now
        assert self.old.signs in now.accepted
        assert now.signs in self.old.accepted
        if now.signs != self.old.signs:
            assert fleet.now() - self.published_since[now.signs] >= timedelta(seconds=PUBLISH_BEFORE)
        for dropped in self.old.accepted - now.accepted:
            assert fleet.now() - self.signed_until[dropped] >= timedelta(seconds=KEEP_AFTER)

    def roll_out(self, fleet: Fleet) -> None:
        if self.old.signs != self.new.signs:
            self.signed_until[self.old.signs] = fleet.now()
        for key in self.new.accepted - self.old.accepted:
            self.published_since[key] = fleet.now()
        self.old = self.new


async def live(fleet: Fleet, pods: Pods) -> None:
    """A day of the service: often, some time goes by; now and then, a rollout ends."""
    for minutes in (0, 1, 9, 1, 10, 60, 61, 1, 120, 1):
        await go_on(fleet, minutes * 60)
        pods.look(fleet)
        pods.roll_out(fleet)
        await fleet.roll_out()
        pods.look(fleet)


def restarted(fleet: Fleet) -> Fleet:
    """At the same time, and with other random values than before."""
    following = fleet.restarted()
    following.secrets, following.time.now = fleet.secrets, fleet.time.now
    return following


async def writes_of_an_exchange() -> int:
    fleet, faults = await running(), Faults()
    ask(fleet)
    faults.strike(fleet.kube)
    await live(fleet, Pods(fleet))
    assert rotated(fleet) == ("True", "CredentialsCurrent")
    return faults.count


@pytest.mark.parametrize("when", ["before", "after"])
async def test_process_that_dies_at_any_write_has_no_token_refused_and_the_next_one_finishes(
    when: Literal["before", "after"],
) -> None:
    writes = await writes_of_an_exchange()
    assert writes > 10
    for at in range(writes):
        fleet = await running()
        first, pods = keys(fleet).signs, Pods(fleet)
        ask(fleet)
        Faults(at, when, ProcessDiedError()).strike(fleet.kube)
        with pytest.raises(ProcessDiedError):
            await live(fleet, pods)
        pods.look(fleet)
        fleet = restarted(fleet)
        await fleet.resync.prime()
        await live(fleet, pods)
        await live(fleet, pods)
        assert rotated(fleet) == ("True", "CredentialsCurrent"), f"died {when} write {at} of {writes}"
        assert keys(fleet).other == ""
        assert keys(fleet).signs != first
        assert await fleet.settle() == []
