"""On a platform of topology PerService each service has a PostgreSQL server of its own, which fails alone."""

from typing import Any, Final

from backends import run_sql
from eventually import eventually
from fleet import API_VERSION, PLATFORM, SERVICE, Images, await_ready, get_json, service, start
from kubectl import Kubectl, Manifest, Resource, condition_of

SERVER_SECONDS: Final = 120.0

LITTLE: Final = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}}


def platform(images: Images) -> Manifest:
    return {
        "apiVersion": API_VERSION,
        "kind": "FleetPlatform",
        "metadata": {"name": "default"},
        "spec": {"postgres": {"topology": "PerService", "image": images.postgres, "resources": LITTLE}},
    }


def with_database(images: Images, name: str, **database: Any) -> Manifest:
    return service(images.v1, name, database=database)


def databases_on(cluster: Kubectl, server: str) -> set[str]:
    return set(run_sql(cluster, "select datname from pg_database", server=server).splitlines())


def test_service_has_a_server_that_fails_alone(cluster: Kubectl, images: Images) -> None:
    cluster.apply(platform(images))
    told = condition_of(cluster.await_condition(PLATFORM, "default", "Ready"), "PostgresReady")
    assert (told["status"], told["reason"]) == ("True", "PerService")
    cluster.apply(with_database(images, "left"), with_database(images, "right"))
    left, right = (await_ready(cluster, name) for name in ("left", "right"))
    assert {found["metadata"]["name"] for found in cluster.select("statefulset")} == {"left-postgres", "right-postgres"}
    for name, other in (("left", "right"), ("right", "left")):
        assert f"@{name}-postgres:5432/" in get_json(cluster, "/environment/DATABASE_URL", name)
        assert f"{cluster.namespace}.{name}" in databases_on(cluster, f"{name}-postgres")
        assert f"{cluster.namespace}.{other}" not in databases_on(cluster, f"{name}-postgres")

    cluster.delete("pod", "left-postgres-0")

    def is_ready_again(found: Resource) -> bool:
        now, before = condition_of(found, "DatabaseReady"), condition_of(left, "DatabaseReady")
        return bool(now["status"] == "True" and now["lastTransitionTime"] > before["lastTransitionTime"])

    cluster.await_state(SERVICE, "left", is_ready_again, timeout=SERVER_SECONDS)
    await_ready(cluster, "left")
    assert condition_of(await_ready(cluster, "right"), "Ready") == condition_of(right, "Ready")


def test_data_outlives_the_service_unless_it_is_to_go(cluster: Kubectl, images: Images) -> None:
    cluster.apply(platform(images))
    start(cluster, with_database(images, "hello"))
    database = f"{cluster.namespace}.hello"
    run_sql(cluster, "create table note as select 'kept' as text", database, server="hello-postgres")
    cluster.delete(SERVICE, "hello")
    cluster.await_absence("statefulset", "hello-postgres")
    assert cluster.get("pvc", "data-hello-postgres-0") is not None
    assert cluster.get("secret", "hello-postgres-admin") is not None

    start(cluster, with_database(images, "hello", deletionPolicy="Delete"))
    assert run_sql(cluster, "select text from note", database, server="hello-postgres") == "kept"
    cluster.delete(SERVICE, "hello")
    cluster.await_absence("statefulset", "hello-postgres")
    start(cluster, with_database(images, "hello"))
    assert run_sql(cluster, "select to_regclass('note') is null", database, server="hello-postgres") == "t"


def test_server_goes_with_the_field_that_asked_for_it(cluster: Kubectl, images: Images) -> None:
    cluster.apply(platform(images))
    start(cluster, with_database(images, "hello"))
    cluster.patch(SERVICE, "hello", {"spec": {"database": None}})
    cluster.await_absence("statefulset", "hello-postgres")
    cluster.await_absence("networkpolicy", "hello-postgres")

    def assert_pods_are_gone() -> None:
        assert cluster.get("pod", "hello-postgres-0") is None

    eventually(assert_pods_are_gone, SERVER_SECONDS)
    await_ready(cluster)
    assert cluster.get("pvc", "data-hello-postgres-0") is not None
