"""A deleted service leaves nothing that runs and no login that works, and its data is there when it comes back."""

from backends import list_broker_users, role_can_log_in
from eventually import eventually
from fleet import SERVICE, Images, children_of, forwarded, guests, pods_of, service, start
from kubectl import Kubectl

ADA = {"email": "ada@example.com", "password": "correct horse battery staple"}


def test_deleted_service_is_cleaned_up_and_its_data_is_kept(furnished_cluster: Kubectl, images: Images) -> None:
    cluster, name = furnished_cluster, "visitors"
    start(cluster, guests(images, name))
    with forwarded(cluster, name) as visitors:
        assert visitors.post("/users", json={"name": "Ada", **ADA}).status_code == 201
    assert f"{cluster.namespace}.{name}" in list_broker_users(cluster)
    assert role_can_log_in(cluster, name)

    cluster.delete(SERVICE, name)
    assert not role_can_log_in(cluster, name)
    assert f"{cluster.namespace}.{name}" not in list_broker_users(cluster)
    assert_nothing_is_left(cluster, name)

    start(cluster, guests(images, name))
    with forwarded(cluster, name) as visitors:
        login = {"grant_type": "password", "username": ADA["email"], "password": ADA["password"]}
        assert visitors.post("/auth/token", data=login).status_code == 200


def test_deleted_service_without_backends_leaves_nothing(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1, config={"GREETING": "hello"}, secrets=[{"env": "TOKEN", "generate": True}]))
    assert len(children_of(cluster)) == 5
    cluster.delete(SERVICE, "hello")
    assert_nothing_is_left(cluster, "hello")


def assert_nothing_is_left(cluster: Kubectl, name: str) -> None:
    def gone() -> None:
        assert children_of(cluster, name) == []
        assert pods_of(cluster, name) == []

    eventually(gone, 60)
