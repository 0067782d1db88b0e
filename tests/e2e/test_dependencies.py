"""A service waits for what its spec refers to, says what it is, and goes on when it is there."""

from fleet import SERVICE, Images, await_ready, await_reason, get_json, pods_of, service, start
from kubectl import Kubectl


def test_missing_secret_is_named_and_healed_by_making_it(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, secrets=[{"env": "TOKEN", "name": "mine", "key": "token"}]))
    condition = await_reason(cluster, "DependenciesReady", "SecretMissing")
    assert "spec.secrets[0].name" in condition["message"]
    assert "mine" in condition["message"]
    assert pods_of(cluster) == []
    cluster.run("create", "secret", "generic", "mine", "--from-literal=token=open sesame")
    await_ready(cluster)
    assert get_json(cluster, "/environment/TOKEN") == "open sesame"


def test_missing_key_of_a_secret_is_named(cluster: Kubectl, images: Images) -> None:
    cluster.run("create", "secret", "generic", "mine", "--from-literal=other=open sesame")
    cluster.apply(service(images.v1, secrets=[{"env": "TOKEN", "name": "mine", "key": "token"}]))
    assert "spec.secrets[0].key" in await_reason(cluster, "DependenciesReady", "SecretMissing")["message"]


def test_unknown_platform_is_named(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, platform="elsewhere", database={}))
    condition = await_reason(cluster, "DependenciesReady", "PlatformMissing")
    assert "elsewhere" in condition["message"]
    assert pods_of(cluster) == []


def test_platform_without_a_database_is_told(cluster: Kubectl, images: Images) -> None:
    cluster.apply(
        {
            "apiVersion": "fastapi-fleet.io/v1alpha1",
            "kind": "FleetPlatform",
            "metadata": {"name": "default"},
            "spec": {},
        },
        service(images.v1, database={}),
    )
    await_reason(cluster, "DatabaseReady", "BackendNotOffered")
    assert pods_of(cluster) == []


def test_service_gets_the_address_of_one_that_comes_later(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, "caller", services=[{"name": "hello", "env": "HELLO_URL"}]))
    await_reason(cluster, "DependenciesReady", "ServiceMissing", "caller")
    start(cluster, service(images.v1))
    await_ready(cluster, "caller")
    assert get_json(cluster, "/environment/HELLO_URL", "caller") == f"http://hello.{cluster.namespace}.svc:8000"


def test_service_that_is_not_ready_is_told_and_does_not_take_its_callers_down(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service("localhost/fastapi-fleet/absent:1"))
    cluster.apply(service(images.v1, "caller", services=[{"name": "hello", "env": "HELLO_URL"}]))
    await_ready(cluster, "caller")
    await_reason(cluster, "DependenciesReady", "ServiceNotReady", "caller")
    cluster.patch(SERVICE, "hello", {"spec": {"image": images.v1}})
    cluster.await_condition(SERVICE, "caller", "DependenciesReady", timeout=60)
