"""What is asked of PostgreSQL and RabbitMQ for a service, by its spec and its credentials. Pure."""

from collections.abc import Mapping
from enum import Enum, auto

from fastapi_fleet.api.database_spec import Database
from fastapi_fleet.api.service_spec import Broker
from fastapi_fleet.backends.postgres import DatabaseRequest
from fastapi_fleet.backends.rabbitmq import BrokerRequest
from fastapi_fleet.reconcile.credentials import ServiceIdentity, other_turn, password_in
from fastapi_fleet.resources import names


class Beside(Enum):
    """What there may be beside the login that is asked for.

    LOGIN_IN_USE: pods log in by the other one, and this one is new: it is tried before any pod gets it.
    """

    NOTHING = auto()
    LOGIN_THAT_IS_LEFT = auto()
    LOGIN_IN_USE = auto()


def database_request(
    identity: ServiceIdentity,
    wanted: Database,
    credentials: Mapping[str, str],
    migration_credentials: Mapping[str, str],
    beside: Beside,
) -> DatabaseRequest:
    return DatabaseRequest(
        database=identity.database,
        roles=identity.database_roles,
        password=password_in(credentials[names.DATABASE_URL]) or "",
        owner=identity.mark,
        connection_limit=wanted.connection_limit,
        adopt=wanted.adopt,
        migrator_password=password_in(migration_credentials.get(names.DATABASE_URL)),
        turn=identity.turn_in("database", credentials),
        draining=beside is not Beside.NOTHING,
    )


def broker_request(
    identity: ServiceIdentity, wanted: Broker, credentials: Mapping[str, str], vhost: str, beside: Beside
) -> BrokerRequest:
    turn = identity.turn_in("broker", credentials)
    return BrokerRequest(
        vhost=vhost,
        user=identity.login("broker", turn),
        password=password_in(credentials[names.RABBITMQ_URL]) or "",
        service=identity.service,
        publishes=tuple(wanted.publishes),
        consumes=tuple(wanted.consumes),
        owner=identity.mark,
        retired=identity.login("broker", other_turn(turn)) if beside is Beside.NOTHING else None,
    )
