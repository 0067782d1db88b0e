"""Connection pools: told to pods, refused beyond the role's limit, warned of beyond the server's."""

from typing import Any

import pytest
from backends import run_sql
from eventually import eventually
from fleet import SERVICE, Images, await_ready, forwarded, guests, start
from kubectl import Kubectl, KubectlError, Manifest, condition_of

NAME = "pooled"
WORKERS, SIZE, BESIDE = 2, 2, 1
FITS = WORKERS * (SIZE + BESIDE) * 2


def pooled(images: Images, size: int = SIZE, limit: int | None = FITS) -> Manifest:
    manifest: dict[str, Any] = dict(guests(images, NAME))
    database = {"pool": {"size": size, "beside": BESIDE}, **({"connectionLimit": limit} if limit else {})}
    return {**manifest, "spec": {**manifest["spec"], "workers": WORKERS, "database": database}}


def sessions(cluster: Kubectl) -> int:
    query = f"select count(*) from pg_stat_activity where usename = '{cluster.namespace}.{NAME}'"  # noqa: S608 - a test's own name
    return int(run_sql(cluster, query))


def test_pods_stay_within_the_pool_that_they_are_told(furnished_cluster: Kubectl, images: Images) -> None:
    cluster = furnished_cluster
    found = start(cluster, pooled(images))
    assert found["status"]["databaseConnections"] == FITS
    assert "ConnectionsInBudget" not in {condition["type"] for condition in found["status"]["conditions"]}
    with forwarded(cluster, NAME) as service:
        for number in range(5):
            body = {"email": f"guest{number}@example.com", "name": "Guest"}
            assert service.post("/users", json=body).status_code == 201
            assert sessions(cluster) <= FITS // 2
    told = cluster.run("exec", f"deployment/{NAME}", "--", "printenv", "DATABASE_POOL_MAX")
    assert told.strip() == str(SIZE)


def test_pools_beyond_the_limit_of_the_role_are_refused(furnished_cluster: Kubectl, images: Images) -> None:
    with pytest.raises(KubectlError, match="is more than connectionLimit"):
        furnished_cluster.apply(pooled(images, limit=FITS - 1))


def test_pools_beyond_what_the_server_lets_in_are_warned_of_with_the_arithmetic(
    furnished_cluster: Kubectl, images: Images
) -> None:
    cluster = furnished_cluster
    most = int(run_sql(cluster, "show max_connections"))
    cluster.apply(pooled(images, size=most // 2, limit=None))

    def warned() -> None:
        told = condition_of(cluster.get(SERVICE, NAME) or {}, "ConnectionsInBudget")
        arithmetic = f"2 workers x ({most // 2} + 0 + 1) x (1 + 1) pods = {4 * (most // 2 + 1)}"
        assert (told["status"], told["reason"]) == ("False", "ServerLimitExceeded")
        assert told["message"].startswith(arithmetic)
        assert f"max_connections {most} - 3 reserved" in told["message"]

    eventually(warned, 60)
    await_ready(cluster, NAME)
