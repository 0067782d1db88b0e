"""Passwords of database and broker change under traffic: no request fails, and the old ones are refused afterwards."""

import base64
from collections.abc import Callable, Iterator
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest
from backends import run_rabbitmqctl
from fleet import SERVICE, await_ready
from kubectl import Kubectl, KubectlError, Resource, condition_of
from sizes import REQUESTS_PER_SECOND_OF_ROTATIONS, ROTATIONS
from traffic import traffic

ROTATION_SECONDS = 150.0
"""A rollout of two pods, each of which stays for its drain and its grace."""

NAME = "orders"
Urls = dict[str, str]
Record = Callable[[str, object], None]


@pytest.fixture
def orders(fleet: Kubectl) -> Iterator[Kubectl]:
    """Two pods of the orders service, which are one again afterwards."""
    fleet.patch(SERVICE, NAME, {"spec": {"replicas": 2}})
    await_ready(fleet, NAME)
    yield fleet
    fleet.patch(SERVICE, NAME, {"spec": {"replicas": None}})
    await_ready(fleet, NAME)


def read(cluster: Kubectl, kind: str, name: str) -> Resource:
    found = cluster.get(kind, name)
    assert found is not None
    return found


def urls(cluster: Kubectl) -> Urls:
    data = read(cluster, "secret", f"{NAME}-secrets")["data"]
    return {key: base64.b64decode(data[key]).decode() for key in ("DATABASE_URL", "RABBITMQ_URL")}


def logins(service: Resource) -> dict[str, str]:
    return {one["name"]: one["login"] for one in service["status"].get("credentials") or ()}


def rotate(cluster: Kubectl) -> None:
    """Ask for new passwords and wait until the old ones are locked."""
    before = logins(read(cluster, SERVICE, NAME))
    cluster.patch(SERVICE, NAME, {"metadata": {"annotations": {"fastapi-fleet.io/rotate": uuid4().hex}}})

    def is_done(service: Resource) -> bool:
        now = logins(service)
        turned = set(now) == {"database", "broker"} and all(before.get(name) != login for name, login in now.items())
        return turned and condition_of(service, "CredentialsRotated")["status"] == "True"

    cluster.await_state(SERVICE, NAME, is_done, timeout=ROTATION_SECONDS)


def assert_refused(cluster: Kubectl, old: Urls) -> None:
    with pytest.raises(KubectlError, match=r"authentication failed|not permitted to log in"):
        cluster.run("exec", "default-postgres-0", "--", "psql", old["DATABASE_URL"], "--command=select 1")
    assert not authenticates(cluster, old["RABBITMQ_URL"])


def assert_let_in(cluster: Kubectl, current: Urls) -> None:
    cluster.run("exec", "default-postgres-0", "--", "psql", current["DATABASE_URL"], "--command=select 1")
    assert authenticates(cluster, current["RABBITMQ_URL"])


def authenticates(cluster: Kubectl, url: str) -> bool:
    login = urlsplit(url)
    try:
        run_rabbitmqctl(cluster, "authenticate_user", unquote(login.username or ""), unquote(login.password or ""))
    except KubectlError:
        return False
    return True


def test_passwords_change_under_traffic_without_a_failed_request(orders: Kubectl, record_property: Record) -> None:
    seen = [urls(orders)]
    assert_let_in(orders, seen[0])
    with traffic(rate=REQUESTS_PER_SECOND_OF_ROTATIONS) as requests:
        for _ in range(ROTATIONS):
            rotate(orders)
            seen.append(urls(orders))
    record_property("traffic", requests.figures())
    assert requests.failures == {}
    assert_let_in(orders, seen[-1])
    for old in seen[:-1]:
        assert_refused(orders, old)
    requests.assert_every_order_counts_once()
    assert_told_without_passwords(orders, seen)


def assert_told_without_passwords(cluster: Kubectl, seen: list[Urls]) -> None:
    told = f"{read(cluster, SERVICE, NAME)}{cluster.select('events')}"
    assert "CredentialsCurrent" in told
    for password in {urlsplit(url).password or "?" for urls in seen for url in urls.values()}:
        assert password not in told
