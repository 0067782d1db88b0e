"""R9: what somebody changes by hand in PostgreSQL or RabbitMQ is repaired, since no event tells of it."""

from backends import list_broker_users, role_can_log_in, run_rabbitmqctl, run_sql
from eventually import eventually
from fleet import Images, await_ready, forwarded, guests, start
from kubectl import Kubectl

REPAIR_SECONDS = 90.0


def test_lost_login_and_lost_broker_user_are_repaired(furnished_cluster: Kubectl, images: Images) -> None:
    cluster, name = furnished_cluster, "guests"
    account = f"{cluster.namespace}.{name}"
    start(cluster, guests(images, name))
    run_sql(cluster, f'alter role "{account}" password null')
    run_rabbitmqctl(cluster, "delete_user", account)
    assert not role_can_log_in(cluster, name)
    assert account not in list_broker_users(cluster)

    def repaired() -> None:
        assert role_can_log_in(cluster, name)
        assert account in list_broker_users(cluster)

    eventually(repaired, REPAIR_SECONDS)
    await_ready(cluster, name)
    with forwarded(cluster, name) as service:
        assert service.post("/users", json={"email": "eve@example.com", "name": "Eve"}).status_code == 201
