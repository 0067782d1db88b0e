"""URLs that tell services where their database and their broker are."""

from urllib.parse import parse_qs, unquote, urlsplit

from fastapi_fleet.api.endpoints import BrokerEndpoint, PostgresEndpoint
from fastapi_fleet.constants import LABEL_OWNER_NAME
from fastapi_fleet.reconcile.endpoints import broker_url, database_url, endpoints_of
from support.resources import fleet_platform

HOSTILE = "a/b@c:d?e#f%41 ü"


def test_server_of_the_services_own_is_found_by_its_name_and_let_out_to() -> None:
    endpoints = endpoints_of("shop", "default", fleet_platform(postgres={"topology": "PerService"}, rabbitmq={}))
    assert endpoints.postgres is not None
    assert (endpoints.postgres.host, endpoints.postgres.port) == ("shop-postgres", 5432)
    assert endpoints.peers.keys() == {"postgres"}
    assert endpoints.peers["postgres"].pod_labels[LABEL_OWNER_NAME] == "shop"


def test_embedded_servers_are_where_their_services_are() -> None:
    endpoints = endpoints_of("shop", "default", fleet_platform(postgres={}, rabbitmq={}))
    assert endpoints.postgres == PostgresEndpoint(host="default-postgres", port=5432)
    assert endpoints.broker == BrokerEndpoint(host="default-rabbitmq", port=5672)


def test_external_servers_are_where_the_platform_has_found_them() -> None:
    platform = fleet_platform(postgres={"mode": "External"}, rabbitmq={"mode": "External"})
    assert endpoints_of("shop", "default", platform).postgres is None
    assert endpoints_of("shop", "default", platform).broker is None
    platform["status"] = {
        "postgres": {"host": "db.example.com", "port": 6432, "sslMode": "require", "certificateAuthority": False},
        "rabbitmq": {"host": "mq.example.com", "port": 5671, "tls": True, "virtualHost": "shared"},
    }
    endpoints = endpoints_of("shop", "default", platform)
    assert endpoints.postgres == PostgresEndpoint(host="db.example.com", port=6432, ssl_mode="require")
    assert endpoints.broker == BrokerEndpoint(host="mq.example.com", port=5671, tls=True, virtual_host="shared")


def test_database_url_says_how_to_use_tls() -> None:
    endpoint = PostgresEndpoint(host="db.example.com", port=5432, ssl_mode="verify-full", certificate_authority=True)
    url = database_url(endpoint, "role", "password", "database")
    assert url == (
        "postgresql://role:password@db.example.com:5432/database"
        "?sslmode=verify-full&sslrootcert=/etc/fastapi-fleet/postgres/ca.crt"
    )


def test_broker_url_says_how_to_use_tls() -> None:
    endpoint = BrokerEndpoint(host="mq.example.com", port=5671, tls=True, certificate_authority=True)
    url = broker_url(endpoint, "user", "password", "team.default")
    assert url == ("amqps://user:password@mq.example.com:5671/team.default?cafile=/etc/fastapi-fleet/rabbitmq/ca.crt")


def test_names_are_read_back_from_a_url_as_they_went_in() -> None:
    database = urlsplit(database_url(PostgresEndpoint(host="::1", port=1, ssl_mode="require"), HOSTILE, "p", HOSTILE))
    broker = urlsplit(broker_url(BrokerEndpoint(host="::1", port=2, virtual_host=HOSTILE), HOSTILE, "p", "unused"))
    for url, port in ((database, 1), (broker, 2)):
        assert (url.hostname, url.port, url.password) == ("::1", port, "p")
        assert unquote(url.username or "") == HOSTILE
        assert unquote(url.path.removeprefix("/")) == HOSTILE
    assert parse_qs(database.query) == {"sslmode": ["require"]}
