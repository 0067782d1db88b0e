"""`fleet rotate`, with the operator at work in the same cluster."""

import pytest
from fastapi_fleet.kube.kinds import Object
from support.backed_service import PLATFORM, SHOP, urls
from support.commanded_cluster import CommandedCluster
from support.fleet import Fleet
from support.resources import fastapi_service


async def served(cluster: CommandedCluster) -> Fleet:
    await cluster.operator.submit(PLATFORM, SHOP)
    await cluster.operator.roll_out()
    return cluster.operator


async def finish(operator: Fleet) -> None:
    for _ in range(2):
        await operator.settle()
        operator.time.advance(0)
        await operator.settle()
        await operator.roll_out()


async def test_service_gets_new_passwords_each_time(cluster: CommandedCluster) -> None:
    operator = await served(cluster)
    seen = [urls(operator)]
    for _ in range(2):
        result = await cluster.fleet("rotate", "shop")
        assert (result.exit_code, result.errors) == (0, "")
        assert result.output == "shop gets new passwords and keys. How far that is: fleet status shop\n"
        await finish(operator)
        assert operator.conditions(SHOP)["CredentialsRotated"].reason == "CredentialsCurrent"
        seen.append(urls(operator))
    assert len({urls["DATABASE_URL"] for urls in seen}) == len({urls["RABBITMQ_URL"] for urls in seen}) == 3


async def test_signing_key_alone_is_exchanged(cluster: CommandedCluster) -> None:
    operator = cluster.operator
    await operator.submit(fastapi_service(secrets=[{"env": "KEY", "signingKey": {"otherEnv": "OTHER"}}]))
    await operator.roll_out()
    result = await cluster.fleet("rotate", "shop")
    assert (result.exit_code, result.errors) == (0, "")
    await operator.settle()
    assert operator.status(SHOP)["signingKeys"][0]["stage"] == "NextPublished"


@pytest.mark.parametrize(
    ("service", "why"),
    [
        (fastapi_service(), "shop has neither database nor broker nor signingKey"),
        (fastapi_service(database={}, paused=True), "shop is paused"),
    ],
)
async def test_service_that_cannot_be_given_any_is_said(cluster: CommandedCluster, service: Object, why: str) -> None:
    await cluster.operator.submit(PLATFORM, service)
    before = len(cluster.server.kube.writes)
    result = await cluster.fleet("rotate", "shop")
    assert (result.exit_code, why in result.errors) == (1, True)
    assert len(cluster.server.kube.writes) == before
