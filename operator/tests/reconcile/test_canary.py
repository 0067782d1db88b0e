"""Canary: a new revision has some pods beside the one that serves, and takes over or goes."""

import pytest
from fastapi_fleet.constants import ANNOTATION_REVISION, LABEL_TRACK
from fastapi_fleet.errors import ApiUnavailableError
from support.canary_shop import (
    CANARY,
    DEPLOYMENT,
    SHOP,
    STEPS,
    image_of,
    make_available,
    rollout,
    running,
    shop,
    state,
    trying,
    wait,
)
from support.fleet import Fleet, child
from support.rollouts import run_out

CONFIG, COMING_CONFIG = child("ConfigMap", "shop-config"), child("ConfigMap", "shop-config-next")


async def promoting() -> Fleet:
    """The last step is over; the pods that take the canary's place are not there yet."""
    fleet = await trying()
    for pause in (60, 120):
        await make_available(fleet)
        await wait(fleet, pause)
    return fleet


async def aborted() -> Fleet:
    fleet = await trying()
    await wait(fleet, 90)
    return fleet


async def test_first_revision_has_no_canary() -> None:
    fleet = await running()
    assert not fleet.kube.has(CANARY)
    assert "canary" not in fleet.status(SHOP)
    assert fleet.conditions(SHOP)["Ready"].status == "True"


async def test_new_revision_runs_beside_the_one_that_serves() -> None:
    fleet = await running()
    before = fleet.kube.object(DEPLOYMENT)
    await fleet.submit(shop(2))
    assert fleet.kube.object(DEPLOYMENT) == before
    canary = fleet.kube.object(CANARY)
    assert canary["spec"]["replicas"] == 1
    assert image_of(fleet, CANARY) == "2"
    assert canary["spec"]["selector"]["matchLabels"].items() <= canary["spec"]["template"]["metadata"]["labels"].items()
    assert rollout(fleet) == ("False", "CanaryStep")
    ready = fleet.conditions(SHOP)["Ready"]
    assert (ready.status, ready.reason) == ("False", "CanaryStep")
    assert fleet.conditions(SHOP)["Reconciling"].status == "True"
    assert state(fleet) == ("Progressing", 1, 1, False)


async def test_its_pods_are_selected_by_the_service_and_told_apart_by_their_track() -> None:
    fleet = await trying()
    labels = fleet.kube.object(CANARY)["spec"]["template"]["metadata"]["labels"]
    for kind in ("Service", "NetworkPolicy"):
        spec = fleet.kube.object(child(kind, "shop"))["spec"]
        selector = spec["selector"] if kind == "Service" else spec["podSelector"]["matchLabels"]
        assert selector.items() <= labels.items()
    assert fleet.kube.object(CANARY)["spec"]["selector"]["matchLabels"][LABEL_TRACK] == "canary"
    assert LABEL_TRACK not in fleet.kube.object(DEPLOYMENT)["spec"]["template"]["metadata"]["labels"]


async def test_step_lasts_its_pause_from_when_its_pods_are_available() -> None:
    fleet = await trying()
    await wait(fleet, 50)
    await make_available(fleet)
    assert state(fleet) == ("Progressing", 1, 1, True)
    assert await wait(fleet, 59) == []
    await wait(fleet, 1)
    assert state(fleet) == ("Progressing", 2, 3, False)
    assert fleet.kube.object(CANARY)["spec"]["replicas"] == 3
    assert image_of(fleet) == "1"


async def test_last_step_promotes_and_the_canary_stays_until_others_are_there() -> None:
    fleet = await promoting()
    assert image_of(fleet) == "2"
    assert fleet.kube.has(CANARY)
    assert rollout(fleet) == ("False", "RollingOut")
    assert state(fleet)[0] == "Promoting"
    await make_available(fleet, DEPLOYMENT)
    assert not fleet.kube.has(CANARY)
    assert state(fleet)[0] == "Promoted"
    assert fleet.conditions(SHOP)["Ready"].status == "True"
    assert fleet.status(SHOP)["history"][0]["image"].endswith(":2")
    assert await fleet.pass_over(SHOP) == []


async def test_canary_that_never_gets_ready_is_taken_away() -> None:
    fleet = await running()
    before = fleet.kube.object(DEPLOYMENT)
    await fleet.submit(shop(2))
    fleet.kube.edit(CANARY, lambda obj: obj.update(status={"conditions": [REFUSED]}))
    await wait(fleet, 89)
    assert "exceeded quota" in fleet.conditions(SHOP)["RolloutComplete"].message
    assert fleet.kube.has(CANARY)
    await wait(fleet, 1)
    assert not fleet.kube.has(CANARY)
    assert fleet.kube.object(DEPLOYMENT) == before
    assert rollout(fleet) == ("False", "CanaryAborted")
    message = fleet.conditions(SHOP)["RolloutComplete"].message
    assert "not all of its pods were available within 90 s: exceeded quota" in message
    assert fleet.conditions(SHOP)["Stalled"].reason == "CanaryAborted"
    assert fleet.conditions(SHOP)["Ready"].status == "False"


REFUSED = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}


async def test_aborted_canary_is_not_tried_again_until_the_spec_changes() -> None:
    fleet = await aborted()
    await wait(fleet, 10_000)
    restarted = fleet.restarted()
    await restarted.resync.prime()
    await restarted.settle()
    assert not fleet.kube.has(CANARY)
    await restarted.submit(shop(2, rollout={"canary": STEPS, "progressDeadlineSeconds": 600}))
    assert fleet.kube.has(CANARY)
    assert state(fleet) == ("Progressing", 1, 1, False)


async def test_edit_during_a_canary_starts_anew_with_the_newer_revision() -> None:
    fleet = await trying()
    await make_available(fleet)
    await wait(fleet, 60)
    assert state(fleet)[1] == 2
    await fleet.submit(shop(3))
    assert state(fleet) == ("Progressing", 1, 1, False)
    assert image_of(fleet, CANARY) == "3"
    assert image_of(fleet) == "1"


async def test_going_back_ends_the_canary_at_once() -> None:
    fleet = await trying()
    before = fleet.kube.object(DEPLOYMENT)
    await fleet.submit(SHOP)
    assert not fleet.kube.has(CANARY)
    assert fleet.kube.object(DEPLOYMENT)["spec"] == before["spec"]
    assert "canary" not in fleet.status(SHOP)
    assert fleet.conditions(SHOP)["Ready"].status == "True"


@pytest.mark.parametrize("by_field", [True, False])
async def test_revision_that_was_rolled_out_before_needs_no_canary(*, by_field: bool) -> None:
    fleet = await promoting()
    await make_available(fleet, DEPLOYMENT)
    oldest = fleet.status(SHOP)["history"][-1]["revision"]
    back = shop(2, rollout={"canary": STEPS, "rollbackTo": oldest}) if by_field else SHOP
    await fleet.submit(back)
    assert image_of(fleet) == "1"
    assert not fleet.kube.has(CANARY)


async def test_revision_that_does_not_serve_is_replaced_at_once() -> None:
    fleet = Fleet()
    await fleet.submit(SHOP)
    await fleet.submit(shop(2))
    assert image_of(fleet) == "2"
    assert not fleet.kube.has(CANARY)


async def test_lost_pod_of_the_canary_begins_the_pause_anew() -> None:
    fleet = await trying()
    await make_available(fleet)
    await wait(fleet, 59)
    fleet.kube.edit(CANARY, lambda obj: obj["status"].update(availableReplicas=0))
    await fleet.settle()
    assert state(fleet) == ("Progressing", 1, 1, False)
    await make_available(fleet)
    await wait(fleet, 59)
    assert state(fleet)[1] == 1
    await wait(fleet, 1)
    assert state(fleet)[1] == 2


async def test_paused_service_keeps_its_canary_as_it_is() -> None:
    fleet = await trying()
    await make_available(fleet)
    await fleet.submit(shop(2, paused=True))
    await wait(fleet, 600)
    assert state(fleet) == ("Progressing", 1, 1, True)
    assert fleet.kube.has(CANARY)
    assert rollout(fleet) == ("False", "Paused")


async def test_without_the_field_the_revision_is_rolled_out_at_once() -> None:
    fleet = await trying()
    await fleet.submit(shop(2, rollout={}))
    assert image_of(fleet) == "2"
    assert not fleet.kube.has(CANARY)
    assert "canary" not in fleet.status(SHOP)


async def test_promotion_that_runs_out_of_time_goes_back_at_once() -> None:
    fleet = await promoting()
    await run_out(fleet, DEPLOYMENT)
    assert rollout(fleet) == ("False", "NotReadyInTime")
    assert image_of(fleet) == "1"
    assert not fleet.kube.has(CANARY)


async def test_step_that_outlasts_the_deadline_of_a_rollout_is_no_failure() -> None:
    fleet = await running()
    await fleet.submit(shop(2, rollout={"canary": {"steps": [{"weight": 10, "pause": 10_000}]}}))
    await make_available(fleet)
    await wait(fleet, 9_000)
    assert state(fleet) == ("Progressing", 1, 1, True)
    assert "rollback" not in fleet.status(SHOP)


async def test_pods_that_serve_do_not_read_the_coming_configuration() -> None:
    fleet = await running(shop(config={"LEVEL": "info"}))
    await fleet.submit(shop(config={"LEVEL": "debug"}))
    assert fleet.kube.object(CONFIG)["data"] == {"LEVEL": "info"}
    assert fleet.kube.object(COMING_CONFIG)["data"] == {"LEVEL": "debug"}
    (source,) = fleet.kube.object(CANARY)["spec"]["template"]["spec"]["containers"][0]["envFrom"]
    assert source == {"configMapRef": {"name": "shop-config-next"}}
    for pause in (60, 120):
        await make_available(fleet)
        await wait(fleet, pause)
    assert fleet.kube.object(CONFIG)["data"] == {"LEVEL": "debug"}


async def test_nothing_that_pods_which_serve_need_goes_before_the_promotion() -> None:
    fleet = await running(shop(config={"LEVEL": "info"}, worker={}, ingress={"host": "shop.example.org"}))
    await fleet.submit(shop(2))
    worker = child("Deployment", "shop-worker")
    needed = (CONFIG, worker, child("Ingress", "shop"))
    assert [key for key in needed if not fleet.kube.has(key)] == []
    for pause in (60, 120):
        await make_available(fleet)
        await wait(fleet, pause)
    assert [key for key in needed if fleet.kube.has(key)] == []


async def test_worker_moves_with_the_promotion() -> None:
    fleet = await running(shop(worker={}))
    worker = child("Deployment", "shop-worker")
    await fleet.submit(shop(2, worker={}))
    assert image_of(fleet, worker) == "1"
    for pause in (60, 120):
        await make_available(fleet)
        await wait(fleet, pause)
    assert image_of(fleet, worker) == "2"


async def test_migrations_come_before_the_canary() -> None:
    fleet = await running()
    await fleet.submit(shop(2, preflight={}))
    assert not fleet.kube.has(CANARY)
    assert image_of(fleet) == "1"
    assert fleet.conditions(SHOP)["Ready"].reason == "Checking"
    await fleet.roll_out()
    assert fleet.kube.has(CANARY)


async def test_autoscaled_service_has_a_canary_of_the_pods_that_run() -> None:
    fleet = await running(shop(autoscaling={"minReplicas": 2, "maxReplicas": 9}))
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["spec"].update(replicas=9))
    await make_available(fleet, DEPLOYMENT)
    await fleet.submit(shop(2, autoscaling={"minReplicas": 2, "maxReplicas": 9}))
    assert state(fleet)[2] == 3
    fleet.kube.edit(DEPLOYMENT, lambda obj: obj["spec"].update(replicas=3))
    await make_available(fleet, DEPLOYMENT)
    assert state(fleet)[2] == 3, "a step keeps the pods that it began with"


async def test_restarted_operator_goes_on_in_the_middle_of_a_step() -> None:
    fleet = await trying()
    await make_available(fleet)
    await wait(fleet, 40)
    later = fleet.restarted()
    later.time.advance(40)
    await later.resync.prime()
    assert await later.settle() == []
    await wait(later, 20)
    assert state(later) == ("Progressing", 2, 3, False)


async def test_promotion_whose_record_was_lost_goes_on() -> None:
    fleet = await trying()
    await make_available(fleet)
    await wait(fleet, 60)
    await make_available(fleet)
    fleet.kube.fail("patch_status", "FastAPIService", ApiUnavailableError("gone"))
    fleet.time.advance(120)
    key = await fleet.queue.get()
    await fleet.workers.work_on(key)
    fleet.queue.done(key)
    assert (image_of(fleet), state(fleet)[0]) == ("2", "Progressing")
    await wait(fleet, 5)
    assert state(fleet)[0] == "Promoting"
    assert fleet.kube.has(CANARY)


async def test_foreign_deployment_of_the_name_is_left_alone() -> None:
    fleet = await running()
    foreign = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop-canary", "namespace": "team"}}
    container = {"name": "x", "image": "other"}
    fleet.kube.create({**foreign, "spec": {"template": {"spec": {"containers": [container]}}}})
    await fleet.submit(shop(2))
    assert fleet.conditions(SHOP)["Ready"].reason == "NotOwned"
    assert image_of(fleet) == "1"
    assert fleet.kube.object(CANARY)["spec"]["template"]["spec"]["containers"][0]["image"] == "other"


async def test_canary_is_of_the_revision_that_is_promoted() -> None:
    fleet = await promoting()
    revisions = {
        fleet.kube.object(key)["spec"]["template"]["metadata"]["annotations"][ANNOTATION_REVISION]
        for key in (DEPLOYMENT, CANARY)
    }
    assert revisions == {fleet.status(SHOP)["canary"]["revision"]}
