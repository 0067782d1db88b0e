"""A revision that does not get ready in time makes way for the last one that was, once, until the spec changes."""

from typing import Any

import pytest
from fastapi_fleet.errors import ApiConflictError, ApiUnavailableError
from support.fleet import child
from support.rollouts import DEADLINE_SECONDS as DEADLINE
from support.rollouts import given_up_at, run_out
from support.rotations import ask, go_on
from support.shop_rollouts import BAD, CONFIG_MAP, DEPLOYMENT, SHOP, apply, image, rolled_back, running, told


async def test_revision_that_does_not_get_ready_makes_way_for_the_last_that_was() -> None:
    fleet = await running()
    before = fleet.status(SHOP)["revision"]
    await apply(fleet, **BAD)
    failed = fleet.status(SHOP)["revision"]
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert fleet.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    await fleet.roll_out()
    status = fleet.status(SHOP)
    assert status["revision"] == status["lastReadyRevision"] == before
    assert (status["rollback"]["revision"], status["rollback"]["to"]) == (failed, before)
    assert [(record["revision"], record["ready"]) for record in status["history"]] == [(before, True), (failed, False)]


async def test_ready_is_not_claimed_while_the_earlier_revision_serves_and_status_says_why() -> None:
    fleet = await rolled_back()
    newest = fleet.kube.object(child("FastAPIService", "shop"))["metadata"]["generation"]
    assert fleet.status(SHOP)["observedGeneration"] == newest
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")
    assert told(fleet, "Stalled") == ("True", "NotReadyInTime")
    assert told(fleet, "RolledBack") == ("True", "NotReadyInTime")
    assert told(fleet, "Reconciling") is None
    rollback, message = fleet.status(SHOP)["rollback"], fleet.conditions(SHOP)["Ready"].message
    assert message == (
        f"revision {rollback['revision']} (registry.example/shop:2) did not get ready in time "
        f"(ProgressDeadlineExceeded); revision {rollback['to']} (registry.example/shop:1) takes its place until the "
        "spec changes. Why: no progress within the deadline"
    )


async def test_going_back_is_one_event() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    await fleet.told()
    await run_out(fleet, DEPLOYMENT)
    await fleet.roll_out()
    ((kind, reason, note),) = await fleet.told()
    assert (kind, reason) == ("Warning", "NotReadyInTime")
    assert "registry.example/shop:1" in note


async def test_cause_is_kept_however_long_it_is() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    template = fleet.kube.object(DEPLOYMENT)["spec"]["template"]
    waiting = {"reason": "ErrImagePull", "message": "no such image " * 200}
    state = {"name": "app", "ready": False, "restartCount": 0, "state": {"waiting": waiting}}
    metadata = {**template["metadata"], "name": "shop-1", "namespace": "team"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}}
    fleet.kube.create(pod | {"status": {"containerStatuses": [state]}})
    await run_out(fleet, DEPLOYMENT)
    assert fleet.status(SHOP)["rollback"]["reason"] == "ImagePullFailed"
    assert fleet.status(SHOP)["rollback"]["message"].endswith("…")
    assert image(fleet) == "1"


async def test_rolled_back_service_at_rest_writes_nothing_nor_does_the_next_process() -> None:
    fleet = await rolled_back()
    assert await fleet.pass_over(SHOP) == []
    restarted = fleet.restarted()
    restarted.time.advance(10 * DEADLINE)
    await restarted.resync.prime()
    assert await restarted.settle() == []


async def test_earlier_revision_that_does_not_come_up_either_is_not_judged_again() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    await run_out(fleet, DEPLOYMENT)
    for _ in range(3):
        await run_out(fleet, DEPLOYMENT)
        assert image(fleet) == "1"
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")
    assert "So far: no progress within the deadline" in fleet.conditions(SHOP)["Ready"].message
    assert await fleet.pass_over(SHOP) == []


@pytest.mark.parametrize(
    ("verb", "kind"), [("patch_status", "FastAPIService"), ("apply", "Deployment"), ("apply", "ConfigMap")]
)
async def test_process_that_ends_anywhere_is_followed_by_one_that_goes_on(verb: str, kind: str) -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    fleet.time.advance(DEADLINE + 1)
    fleet.kube.fail(verb, kind, *[ApiUnavailableError("no answer")] * 3)
    fleet.kube.edit(DEPLOYMENT, given_up_at(fleet.now()))
    await fleet.settle()
    restarted = fleet.restarted()
    restarted.time.advance(DEADLINE + 2)
    await restarted.resync.prime()
    for _ in range(5):
        restarted.time.advance(20)
        await restarted.settle()
    await restarted.roll_out()
    assert image(restarted) == "1"
    assert restarted.kube.object(CONFIG_MAP)["data"] == {"LEVEL": "info"}
    assert told(restarted, "Ready") == ("False", "NotReadyInTime")


async def test_status_write_whose_answer_is_lost_goes_back_all_the_same() -> None:
    fleet = await running()
    await apply(fleet, **BAD)
    fleet.kube.fail("patch_status", "FastAPIService", ApiConflictError("changed"))
    await run_out(fleet, DEPLOYMENT)
    fleet.time.advance(20)
    await fleet.settle()
    assert image(fleet) == "1"


async def test_edit_is_rolled_out() -> None:
    fleet = await rolled_back()
    await apply(fleet, **{**BAD, "image": "registry.example/shop:3"})
    assert image(fleet) == "3"
    assert told(fleet, "RolledBack") is None
    assert "rollback" not in fleet.status(SHOP)
    await fleet.roll_out()
    assert told(fleet, "Ready") == ("True", "Available")


async def test_edit_that_fails_too_goes_back_to_the_same_revision() -> None:
    fleet = await rolled_back()
    await apply(fleet, **{**BAD, "image": "registry.example/shop:3"})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "1"
    assert fleet.status(SHOP)["rollback"]["image"] == "registry.example/shop:3"


async def test_edit_that_is_invalid_leaves_the_earlier_revision_alone() -> None:
    fleet = await rolled_back()
    decided = fleet.status(SHOP)["rollback"]
    await apply(fleet, **BAD, env=[{"name": "LEVEL", "value": "twice"}])
    assert told(fleet, "Ready") == ("False", "InvalidSpec")
    assert image(fleet) == "1"
    await apply(fleet, **BAD)
    assert image(fleet) == "1"
    assert fleet.status(SHOP)["rollback"] == decided


async def test_longer_deadline_is_a_reason_to_try_again() -> None:
    fleet = await rolled_back()
    await apply(fleet, **BAD, rollout={"progressDeadlineSeconds": 900})
    assert image(fleet) == "2"


@pytest.mark.parametrize(
    "change", [{"replicas": 3}, {"route": {"hosts": ["a.example"], "parentRefs": [{"name": "g"}]}}]
)
async def test_edit_that_cannot_help_is_followed_and_tries_nothing(change: dict[str, Any]) -> None:
    fleet = await rolled_back()
    await apply(fleet, **BAD, **change)
    assert image(fleet) == "1"
    assert fleet.kube.object(DEPLOYMENT)["spec"]["replicas"] == change.get("replicas", 1)
    await fleet.roll_out()
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")


async def test_new_passwords_reach_the_earlier_revision_and_are_no_reason_to_try_again() -> None:
    fleet = await rolled_back(database={}, broker={"publishes": ["order.created"]})
    before = fleet.status(SHOP)["rollback"]
    ask(fleet)
    await go_on(fleet)
    await fleet.roll_out()
    await go_on(fleet, 86_400)
    assert (set(fleet.postgres.logins), set(fleet.rabbitmq.users)) == ({"team.shop.b"}, {"team.shop.b"})
    assert (image(fleet), fleet.status(SHOP)["rollback"]) == ("1", before)
    assert told(fleet, "Ready") == ("False", "NotReadyInTime")


async def test_field_of_the_user_wins_and_taking_it_out_tries_again() -> None:
    fleet = await rolled_back()
    failed, earlier = fleet.status(SHOP)["rollback"]["revision"], fleet.status(SHOP)["rollback"]["to"]
    await apply(fleet, **BAD, rollout={"rollbackTo": earlier})
    await fleet.roll_out()
    assert told(fleet, "RolledBack") == ("True", "RolledBack")
    assert told(fleet, "Ready") == ("True", "Available")
    assert "rollback" not in fleet.status(SHOP)
    await apply(fleet, **BAD)
    assert fleet.status(SHOP)["revision"] == failed
    await run_out(fleet, DEPLOYMENT)
    assert fleet.status(SHOP)["revision"] == earlier


async def test_field_of_the_user_that_names_a_revision_which_fails_is_left_to_the_user() -> None:
    fleet = await rolled_back()
    failed = fleet.status(SHOP)["rollback"]["revision"]
    await apply(fleet, **BAD, rollout={"rollbackTo": failed})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") == ("True", "RolledBack")


async def test_off_leaves_the_failing_pods_and_switching_it_off_brings_them_back() -> None:
    fleet = await running()
    await apply(fleet, **BAD, rollout={"autoRollback": "Off"})
    await run_out(fleet, DEPLOYMENT)
    assert image(fleet) == "2"
    assert told(fleet, "RolledBack") is None
    assert told(fleet, "Stalled") == ("True", "ProgressDeadlineExceeded")
    await apply(fleet, **BAD)
    assert image(fleet) == "1"
    await apply(fleet, **BAD, rollout={"autoRollback": "Off"})
    assert image(fleet) == "2"
