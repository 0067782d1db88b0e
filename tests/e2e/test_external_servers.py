"""Services use a PostgreSQL and a RabbitMQ that the operator did not make, with accounts of their own."""

from typing import Any

from fleet import API_VERSION, PLATFORM, SERVICE, Images, forwarded, guests, start
from kubectl import Kubectl, Manifest, condition_of
from servers import Server, host_of, secret, start_postgres, start_rabbitmq


def external(**servers: str) -> Manifest:
    """A FleetPlatform of mode External; `servers`: name of the administrator's Secret, by component."""
    spec: dict[str, Any] = {
        component: {"mode": "External", "external": {"adminSecretRef": {"name": name}}}
        for component, name in servers.items()
    }
    return {"apiVersion": API_VERSION, "kind": "FleetPlatform", "metadata": {"name": "default"}, "spec": spec}


def test_services_are_given_accounts_on_servers_of_somebody_else(cluster: Kubectl, images: Images) -> None:
    database = Server("db", images.postgres, {"run": "db"}, "dba")
    broker = Server("mq", images.rabbitmq, {"run": "mq"}, "admin")
    certificate = start_postgres(cluster, database)
    start_rabbitmq(cluster, broker)
    cluster.create(
        secret("our-postgres", {**database.login, "host": host_of(cluster, database), "ca.crt": certificate}),
        secret("our-rabbitmq", {**broker.login, "host": host_of(cluster, broker), "tls": "false"}),
    )
    cluster.apply(external(postgres="our-postgres", rabbitmq="our-rabbitmq"))
    platform = cluster.await_condition(PLATFORM, "default", "Ready", timeout=60)
    assert condition_of(platform, "ProductionGrade")["status"] == "Unknown"
    assert platform["status"]["postgres"]["sslMode"] == "verify-full"
    assert cluster.select("statefulsets") == []

    start(cluster, guests(images, "guests"))
    with forwarded(cluster, "guests") as service:
        assert service.post("/users", json={"email": "eve@example.com", "name": "Eve"}).status_code == 201
    tables = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename like '%.guests%'"
    assert set(ask(cluster, tables).split()) == {"t"}

    cluster.delete(SERVICE, "guests")
    open_logins = "select count(*) from pg_authid where rolname like '%.guests%' and rolcanlogin and rolpassword != ''"
    assert ask(cluster, open_logins) == "0"


def test_host_that_the_operator_is_not_allowed_to_call_is_named(cluster: Kubectl) -> None:
    login = {"username": "admin", "password": "not-to-be-sent-anywhere"}
    cluster.create(secret("aside", {**login, "host": "169.254.169.254"}))
    cluster.apply(external(postgres="aside"))
    platform = cluster.await_condition(PLATFORM, "default", "PostgresReady=False", timeout=60)
    condition = condition_of(platform, "PostgresReady")
    assert condition["reason"] == "HostNotAllowed"
    assert "169.254.169.254" in condition["message"]


def ask(cluster: Kubectl, statement: str) -> str:
    """What psql prints as superuser, without headings."""
    return cluster.run(
        *("exec", "db", "--"),
        *("psql", "--username=dba", "--dbname=postgres", "--tuples-only", "--no-align", f"--command={statement}"),
    ).strip()
