"""Why pods do not come up, in the words of the kubelet, without a secret."""

import pytest
from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.kube.kinds import Object
from fastapi_fleet.status.pods import first_cause, hide_secrets
from support.live import pod, running, terminated, waiting

UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/1 nodes are available: 1 Insufficient cpu.",
}
FAILED = {"exitCode": 3, "message": "booting\nKeyError: 'DATABASE_URL'\n\n"}
OUT_OF_MEMORY = {"exitCode": 137, "reason": "OOMKilled"}

CAUSES: dict[str, tuple[Object, Reason, str]] = {
    "image that does not exist": (
        pod(waiting("ErrImagePull", "manifest unknown")),
        Reason.IMAGE_PULL_FAILED,
        "container app of pod shop-1: manifest unknown",
    ),
    "image pull that backs off": (
        pod(waiting("ImagePullBackOff", 'Back-off pulling image "x"')),
        Reason.IMAGE_PULL_FAILED,
        'container app of pod shop-1: Back-off pulling image "x"',
    ),
    "image name that is none": (
        pod(waiting("InvalidImageName")),
        Reason.IMAGE_PULL_FAILED,
        "container app of pod shop-1: InvalidImageName",
    ),
    "image that may not be pulled": (
        pod(waiting("ErrImageNeverPull", "image is not present with pull policy of Never")),
        Reason.IMAGE_PULL_FAILED,
        "container app of pod shop-1: image is not present with pull policy of Never",
    ),
    "crash loop": (
        pod(waiting("CrashLoopBackOff", "back-off 10s", last=FAILED)),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 ended with exit code 3: KeyError: 'DATABASE_URL'",
    ),
    "crash loop whose end nobody has seen": (
        pod(waiting("CrashLoopBackOff")),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 keeps ending; its log tells why",
    ),
    "crash before the back-off": (
        pod(terminated(1, "boom")),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 ended with exit code 1: boom",
    ),
    "crash that runs again": (
        pod(running(restarts=1, last=FAILED)),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 ended with exit code 3: KeyError: 'DATABASE_URL'",
    ),
    "crash without a last word": (
        pod(terminated(139)),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 ended with exit code 139",
    ),
    "out of memory": (
        pod(waiting("CrashLoopBackOff", last=OUT_OF_MEMORY)),
        Reason.OUT_OF_MEMORY,
        "container app of pod shop-1 was killed: it used more memory than its limit",
    ),
    "missing key of a Secret": (
        pod(waiting("CreateContainerConfigError", 'secret "vendor" not found')),
        Reason.CONTAINER_CONFIG_INVALID,
        'container app of pod shop-1: secret "vendor" not found',
    ),
    "command that does not exist": (
        pod(waiting("RunContainerError", "exec: no such file")),
        Reason.CONTAINER_CONFIG_INVALID,
        "container app of pod shop-1: exec: no such file",
    ),
    "no node fits": (
        pod(conditions=[UNSCHEDULABLE]),
        Reason.UNSCHEDULABLE,
        "pod shop-1: 0/1 nodes are available: 1 Insufficient cpu.",
    ),
    "init container that fails": (
        pod(waiting("PodInitializing"), initContainerStatuses=[{**terminated(2, "no route"), "name": "wait"}]),
        Reason.CRASH_LOOP,
        "container wait of pod shop-1 ended with exit code 2: no route",
    ),
    "init container that ended its pod": (
        pod(
            waiting("PodInitializing"),
            initContainerStatuses=[{**terminated(2, "no route"), "name": "wait"}],
            phase="Failed",
        ),
        Reason.CRASH_LOOP,
        "container wait of pod shop-1 ended with exit code 2: no route",
    ),
    "sidecar that was stopped by the end of its pod": (
        pod(
            terminated(1, "the column is in the way"),
            initContainerStatuses=[{**terminated(143, "stopping"), "name": "proxy"}],
            phase="Failed",
        ),
        Reason.CRASH_LOOP,
        "container app of pod shop-1 ended with exit code 1: the column is in the way",
    ),
    "sidecar that keeps the service from starting": (
        pod(
            waiting("CrashLoopBackOff", last=FAILED),
            initContainerStatuses=[{**waiting("ErrImagePull", "no such proxy"), "name": "proxy"}],
            phase="Running",
        ),
        Reason.IMAGE_PULL_FAILED,
        "container proxy of pod shop-1: no such proxy",
    ),
}

HARMLESS: dict[str, Object] = {
    "pod without a status": {"metadata": {"name": "shop-1"}},
    "container that is created": pod(waiting("ContainerCreating")),
    "container that waits for its init container": pod(waiting("PodInitializing")),
    "container that starts": pod(running()),
    "container that has come through": pod(running(ready=True, restarts=4, last=FAILED)),
    "container that was out of memory once": pod(running(ready=True, restarts=1, last=OUT_OF_MEMORY)),
    "container that ended well": pod(terminated(0)),
    "init container that is done": pod(running(), initContainerStatuses=[terminated(0, ready=True)]),
    "pod that is on its way out": {
        **pod(terminated(143)),
        "metadata": {"name": "shop-1", "deletionTimestamp": "2026-01-01T00:00:00Z"},
    },
    "pod that is scheduled": pod(conditions=[{"type": "PodScheduled", "status": "True"}]),
}


@pytest.mark.parametrize(("found", "reason", "message"), CAUSES.values(), ids=CAUSES.keys())
def test_cause_of(found: Object, reason: Reason, message: str) -> None:
    cause = first_cause([found])
    assert cause is not None
    assert (cause.reason, cause.message) == (reason, message)


@pytest.mark.parametrize("found", HARMLESS.values(), ids=HARMLESS.keys())
def test_no_cause_in(found: Object) -> None:
    assert first_cause([found]) is None


def test_first_pod_with_a_cause_speaks() -> None:
    cause = first_cause(
        [pod(running(ready=True)), pod(terminated(1), name="shop-2"), pod(terminated(2), name="shop-3")]
    )
    assert cause is not None
    assert "shop-2" in cause.message


CANARY = "canary-5f1e-a-b-c"
LOGS = {
    "alone": f"bad password {CANARY}",
    "in a URL": f"cannot connect to postgresql://shop:{CANARY}@db:5432/shop",
    "where the line is cut": f"{'x' * 50} {CANARY} {'y' * 190}",
    "at the very end": f"{'x' * 300}{CANARY}",
    "twice": f"{CANARY}{CANARY}",
}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
@pytest.mark.parametrize("value", [CANARY, f"{CANARY}\n"], ids=["value", "value with a line break"])
def test_last_line_of_the_log_shows_no_part_of_a_known_secret(log: str, value: str) -> None:
    cause = first_cause([pod(terminated(1, log))], [value])
    assert cause is not None
    assert all(CANARY[start : start + 6] not in cause.message for start in range(len(CANARY) - 5))


def test_last_line_of_a_key_file_is_hidden() -> None:
    key = "-----BEGIN KEY-----\ncanary1111\ncanary2222\n-----END KEY-----"
    cause = first_cause([pod(terminated(1, "dump follows\ncanary1111\ncanary2222"))], [key])
    assert cause is not None
    assert "canary" not in cause.message


def test_reason_of_a_waiting_container_shows_no_secret() -> None:
    cause = first_cause([pod(waiting("RunContainerError", f"exec {CANARY}: no such file"))], [CANARY])
    assert cause is not None
    assert CANARY not in cause.message


def test_secret_that_is_an_ordinary_word_leaves_the_operators_own_words_alone() -> None:
    cause = first_cause([pod(terminated(1, "shop is closed"))], ["shop", "app", ""])
    assert cause is not None
    assert cause.message == "container app of pod shop-1 ended with exit code 1: *** is closed"


def test_long_last_line_keeps_its_end() -> None:
    cause = first_cause([pod(terminated(1, "x" * 500 + "the point"))])
    assert cause is not None
    assert cause.message.endswith("the point")
    assert len(cause.message) < 300


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("amqp://shop:word@mq:5672/team", "amqp://shop:***@mq:5672/team"),
        ("postgresql://:word@db/shop", "postgresql://:***@db/shop"),
        ("http://users:8000/health and 10:30@noon", "http://users:8000/health and 10:30@noon"),
    ],
)
def test_password_of_an_unknown_url_is_hidden(text: str, shown: str) -> None:
    assert hide_secrets(text, ()) == shown
