"""The embedded PostgreSQL and RabbitMQ of a namespace, as their administrator sees them."""

from kubectl import Kubectl


def run_sql(cluster: Kubectl, statement: str, database: str = "postgres", *, server: str = "default-postgres") -> str:
    """What psql prints as superuser, without headings."""
    return cluster.run(
        *("exec", f"{server}-0", "--"),
        *("psql", "--username=fleet", f"--dbname={database}", "--tuples-only", "--no-align", f"--command={statement}"),
    ).strip()


def role_can_log_in(cluster: Kubectl, name: str) -> bool:
    """Whether the service's role has both the right and a password."""
    role = f"{cluster.namespace}.{name}"
    query = f"select rolcanlogin and rolpassword is not null from pg_authid where rolname = '{role}'"  # noqa: S608 - a test's own name
    return run_sql(cluster, query) == "t"


def list_broker_users(cluster: Kubectl) -> list[str]:
    return run_rabbitmqctl(cluster, "list_users", "--no-table-headers").split()


def run_rabbitmqctl(cluster: Kubectl, *arguments: str) -> str:
    return cluster.run("exec", "default-rabbitmq-0", "--", "rabbitmqctl", "--quiet", *arguments)
