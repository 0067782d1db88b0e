"""M-8, M-9: requests fail only while a database is away, quickly, and no order is half done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import containers
import pytest
import standby
from containers import Backend
from customer import Customer
from fleetkit.testing import eventually
from link import Link
from sizes import ORDERS_PER_SECOND, OUTAGE_SECONDS
from stopwatch import seconds_until
from two_services import Fleet, running_fleet

pytestmark = pytest.mark.asyncio(loop_scope="session")
AFTERMATH_SECONDS = 5.0
AFTER_FAILOVER_SECONDS = 10.0
RECOVERY_SECONDS = 10.0
ANSWER_SECONDS = 2.5
EFFECTS_SECONDS = 30.0
AT_ONCE = 30
POOL_MAX = 8
_WITHOUT_ITEMS = "SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM order_items)"
_SLOW_INSERT = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(4); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slow()
"""
Outage = Callable[[Backend], Awaitable[None]]


async def killed(database: Backend) -> None:
    await database.kill()
    await database.start()


async def frozen(database: Backend) -> None:
    async with database.frozen():
        await asyncio.sleep(OUTAGE_SECONDS / 2)


@pytest.mark.parametrize("outage", [killed, frozen])
async def test_orders_fail_only_while_their_database_is_away_and_none_is_half_done(
    ada: Customer, fleet: Fleet, outage: Outage, record_property: Callable[[str, object], None]
) -> None:
    async with ada.ordering(per_second=ORDERS_PER_SECOND):
        await ada.has_ordered_more()
        await outage(containers.orders_database())
        back = asyncio.get_running_loop().time()
        await asyncio.sleep(AFTERMATH_SECONDS + 1)
    assert ada.failed_after(back + AFTERMATH_SECONDS) == []
    assert ada.refusals() == {"database_unavailable"}
    record_property("orders", f"{len(ada.attempts)}, refused {ada.failures.total()}")
    record_property("slowest answer", f"{ada.slowest():.1f} s")
    record_property("seconds until every effect", await seconds_until(ada.nothing_is_lost, EFFECTS_SECONDS))
    assert await fleet.orders.rows(_WITHOUT_ITEMS) == []
    assert 0 < await fleet.orders.metric("database_connections", state="open") <= POOL_MAX


@pytest.mark.parametrize("outage", [killed, frozen])
async def test_orders_are_accepted_while_the_database_of_users_is_away(
    ada: Customer, outage: Outage, record_property: Callable[[str, object], None]
) -> None:
    async with ada.ordering(per_second=ORDERS_PER_SECOND):
        await ada.has_ordered_more()
        await outage(containers.users_database())
    assert ada.failures == {}
    record_property("orders", len(ada.attempts))
    record_property("seconds until every effect", await seconds_until(ada.nothing_is_lost, EFFECTS_SECONDS))


async def test_a_promoted_standby_is_written_to_although_no_connection_to_the_old_server_was_cut(
    record_property: Callable[[str, object], None],
) -> None:
    async with running_fleet() as fleet, standby.following():
        ada = await Customer.register(fleet)
        async with ada.ordering(per_second=ORDERS_PER_SECOND), standby.demoted():
            await eventually(lambda: has_failed(ada))
            fleet.orders.database.backend = ("127.0.0.1", containers.standby_port())
            await standby.promote()
            promoted = asyncio.get_running_loop().time()
            await asyncio.sleep(AFTER_FAILOVER_SECONDS + 1)
        assert ada.refusals() == {"database_unavailable"}
        assert ada.failed_after(promoted + AFTER_FAILOVER_SECONDS) == []
        last = max(attempt.at for attempt in ada.attempts if attempt.failure)
        record_property("seconds until orders were placed again", round(max(0.0, last - promoted), 1))
        fleet.orders.database_url = containers.at_port(fleet.orders.database_url, containers.standby_port())
        await eventually(ada.nothing_is_lost, within=EFFECTS_SECONDS)


async def test_orders_are_refused_in_time_while_the_database_takes_no_more_connections(
    ada: Customer, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    async with all_connections_taken(fleet.orders.database, containers.orders_database()):
        refused = [await ada.order() for _ in range(5)]
        assert await fleet.orders.is_live()
        assert not await fleet.orders.is_ready()
    assert_refused_in_time(ada)
    assert len(refused) == ada.failures.total()
    record_property("slowest refusal", f"{ada.slowest():.1f} s")
    record_property("seconds until ready", await seconds_until(fleet.orders.is_ready, RECOVERY_SECONDS))
    assert (await ada.order()).order is not None


async def test_orders_are_refused_in_time_while_slow_queries_have_all_connections(
    ada: Customer, fleet: Fleet, record_property: Callable[[str, object], None]
) -> None:
    await fleet.orders.execute(_SLOW_INSERT)
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ada.order())
            assert await fleet.orders.is_live()
    finally:
        await fleet.orders.execute("DROP FUNCTION slow CASCADE")
    assert 0 < ada.failures.total() < AT_ONCE
    assert_refused_in_time(ada)
    record_property("refused", f"{ada.failures.total()} of {AT_ONCE}")

    async def is_placed() -> bool:
        return (await ada.order()).order is not None

    record_property("seconds until an order was placed", await seconds_until(is_placed, RECOVERY_SECONDS))
    await eventually(ada.nothing_is_lost, within=EFFECTS_SECONDS)


def assert_refused_in_time(customer: Customer) -> None:
    refused = [attempt for attempt in customer.attempts if attempt.failure]
    assert customer.refusals() == {"database_unavailable"}
    assert all(attempt.retry_after for attempt in refused)
    assert max(attempt.seconds for attempt in refused) <= ANSWER_SECONDS


async def has_failed(customer: Customer) -> bool:
    return bool(customer.failures)


@asynccontextmanager
async def all_connections_taken(link: Link, server: Backend) -> AsyncIterator[None]:
    """Takes every connection that the server has, those of the service too."""
    async with AsyncExitStack() as stack:
        await link.refuse()
        while True:
            try:
                connection = await asyncpg.connect(containers.database_url(server))
            except asyncpg.TooManyConnectionsError:
                break
            stack.push_async_callback(connection.close)
        await link.accept()
        yield
