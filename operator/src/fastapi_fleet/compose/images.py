"""What an image is, as far as its name tells."""

import re
from typing import Final

_BY_INGRESS: Final = "requests from outside come by spec.ingress or spec.route of the services behind it"
_CACHE: Final = "the operator runs no cache: use one that is there, and name its address and spec.networkPolicy.to"
_DATABASE: Final = (
    "the operator provides PostgreSQL alone: use a server that is there, by secrets and spec.networkPolicy.to"
)
_EVENTS: Final = "the operator provides RabbitMQ alone: use brokers that are there, by config and spec.networkPolicy.to"
_MAIL: Final = "it takes mail in development: name a real mail server in config, and in spec.networkPolicy.to"
_TOOL: Final = "a tool for people, no part of the service: run it on your own machine through kubectl port-forward"
_WATCHING: Final = "the cluster measures and traces: see spec.monitoring, and docs/how-to/watch-the-fleet.md"
_STORE: Final = "the operator runs no object store: use one that is there, by secrets and spec.networkPolicy.to"
_SEARCH: Final = "the operator runs no search engine: use one that is there, by secrets and spec.networkPolicy.to"

POSTGRES: Final = frozenset({"postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha"})
LIKE_POSTGRES: Final = frozenset({"postgres", "postgis", "pgvector", "timescaledb"})
"""Those that keep the contract of the official image, as the embedded server needs it."""

RABBITMQ: Final = "rabbitmq"

_VERSION: Final = re.compile(r"(?P<version>\d+(?:\.\d+)*)(?P<variant>(?:-alpine)?)")

REASONS: Final = {
    **dict.fromkeys(("nginx", "nginx-unprivileged", "nginx-proxy", "traefik", "caddy", "haproxy"), _BY_INGRESS),
    **dict.fromkeys(("envoy", "httpd", "acme-companion", "kong", "openresty"), _BY_INGRESS),
    **dict.fromkeys(
        ("redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "dragonfly", "memcached"), _CACHE
    ),
    **dict.fromkeys(("mysql", "mysql-server", "mariadb", "mongo", "mongodb", "cassandra", "cockroach"), _DATABASE),
    **dict.fromkeys(("clickhouse", "clickhouse-server", "neo4j", "influxdb", "pgbouncer"), _DATABASE),
    **dict.fromkeys(("kafka", "cp-kafka", "redpanda", "zookeeper", "cp-zookeeper", "nats", "mosquitto"), _EVENTS),
    **dict.fromkeys(("cp-schema-registry", "pulsar"), _EVENTS),
    **dict.fromkeys(("mailpit", "mailhog", "mailcatcher", "maildev", "smtp4dev", "greenmail"), _MAIL),
    **dict.fromkeys(("adminer", "pgadmin4", "phpmyadmin", "mongo-express", "redisinsight", "flower"), _TOOL),
    **dict.fromkeys(("kafka-ui", "redis-commander", "portainer", "portainer-ce", "dozzle", "watchtower"), _TOOL),
    **dict.fromkeys(("prometheus", "grafana", "loki", "promtail", "tempo", "alertmanager", "jaeger"), _WATCHING),
    **dict.fromkeys(("all-in-one", "opentelemetry-collector", "opentelemetry-collector-contrib", "zipkin"), _WATCHING),
    **dict.fromkeys(("node-exporter", "postgres-exporter", "cadvisor"), _WATCHING),
    **dict.fromkeys(("minio", "mc", "localstack", "azurite", "seaweedfs"), _STORE),
    **dict.fromkeys(("elasticsearch", "opensearch", "kibana", "meilisearch", "typesense", "qdrant"), _SEARCH),
    **dict.fromkeys(("weaviate", "chroma", "solr"), _SEARCH),
}
"""Images that become no FastAPIService, by the last part of their name."""


def base_name(image: str) -> str:
    """registry.example:5000/library/postgres:17@sha256:… is postgres."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def with_management(image: str) -> str:
    """The image of RabbitMQ with its management plugin, where its tag is one of those that the official image has."""
    if "management" in image or "@" in image:
        return image
    name, colon, tag = image.rpartition(":") if re.search(r":[^/]*$", image) else (image, "", "")
    if not colon or tag == "latest":
        return f"{name}:management"
    official = _VERSION.fullmatch(tag)
    return f"{name}:{official['version']}-management{official['variant']}" if official else image
