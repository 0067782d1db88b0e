"""What a person is told at `kubectl apply`: the API server refuses bad resources and names the field."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubectl import Kubectl, KubectlError, Manifest, condition_of, local_cluster

API_VERSION = "fastapi-fleet.io/v1alpha1"

IMAGE = "registry.example/shop/users:1.0"

MINIMAL_SERVICE = f"""\
apiVersion: {API_VERSION}
kind: FastAPIService
metadata: {{name: admission}}
spec: {{image: {IMAGE}}}
"""


@pytest.fixture(scope="module")
def cluster() -> Kubectl:
    return local_cluster()


def service(*, name: str = "admission", **spec: Any) -> Manifest:
    """A FastAPIService that is valid but for what `spec` makes of it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "FastAPIService",
        "metadata": {"name": name},
        "spec": {"image": IMAGE} | spec,
    }


def platform(*, name: str = "admission", **spec: Any) -> Manifest:
    """A FleetPlatform with that spec."""
    return {"apiVersion": API_VERSION, "kind": "FleetPlatform", "metadata": {"name": name}, "spec": spec}


def without_image() -> Manifest:
    return {"apiVersion": API_VERSION, "kind": "FastAPIService", "metadata": {"name": "admission"}, "spec": {}}


def secret(**fields: Any) -> list[dict[str, Any]]:
    """spec.secrets of one entry, TOKEN."""
    return [{"env": "TOKEN"} | fields]


REFUSED: dict[str, tuple[Manifest, str, str]] = {
    "no image": (without_image(), "spec.image", "Required value"),
    "empty image": (service(image=""), "spec.image", "at least 1 chars"),
    "image with a space": (service(image="users latest"), "spec.image", "should match"),
    "unknown pull policy": (service(imagePullPolicy="Sometimes"), "spec.imagePullPolicy", "Unsupported value"),
    "port above range": (service(port=70000), "spec.port", "less than or equal to 65535"),
    "port of 0": (service(port=0), "spec.port", "greater than or equal to 1"),
    "extra port of the name http": (
        service(extraPorts=[{"name": "http", "port": 9000}]),
        "spec.extraPorts",
        "http is the name of the service's own port",
    ),
    "extra port of the service's own number": (
        service(extraPorts=[{"name": "grpc", "port": 8000}]),
        "spec.extraPorts",
        "has a number of its own",
    ),
    "two extra ports of one number": (
        service(extraPorts=[{"name": "grpc", "port": 9000}, {"name": "debug", "port": 9000}]),
        "spec.extraPorts",
        "has a number of its own",
    ),
    "port as text": (service(port="http"), "spec.port", "must be of type integer"),
    "route without a Gateway": (service(route={"hosts": ["a.example"]}), "spec.route.parentRefs", "Required value"),
    "route to no Gateway": (service(route={"parentRefs": []}), "spec.route.parentRefs", "at least 1 items"),
    "route to one Gateway twice": (
        service(route={"parentRefs": [{"name": "public"}, {"name": "public", "sectionName": "https"}]}),
        "spec.route.parentRefs",
        "needs another sectionName each time",
    ),
    "route to a namespace that cannot be": (
        service(route={"parentRefs": [{"name": "public", "namespace": "Gateways"}]}),
        "spec.route.parentRefs[0].namespace",
        "should match",
    ),
    "route of a host with a scheme": (
        service(route={"hosts": ["https://a.example"], "parentRefs": [{"name": "public"}]}),
        "spec.route.hosts[0]",
        "should match",
    ),
    "route with an encoded path": (
        service(route={"path": "/a%2fb", "parentRefs": [{"name": "public"}]}),
        "spec.route.path",
        "should match",
    ),
    "route that climbs": (
        service(route={"path": "/a/../b", "parentRefs": [{"name": "public"}]}),
        "spec.route.path",
        "should match",
    ),
    "route that opens what is not closed": (
        service(route={"parentRefs": [{"name": "public"}], "alsoPublic": ["/admin"]}),
        "spec.route.alsoPublic[0]",
        "Unsupported value",
    ),
    "ingress without a host": (service(ingress={}), "spec.ingress.host", "Required value"),
    "ingress with a wildcard in the middle": (
        service(ingress={"host": "a.*.example"}),
        "spec.ingress.host",
        "should match",
    ),
    "ingress of an unknown path type": (
        service(ingress={"host": "a.example", "pathType": "Regex"}),
        "spec.ingress.pathType",
        "Unsupported value",
    ),
    "ingress with the operator's own annotation": (
        service(ingress={"host": "a.example", "annotations": {"fastapi-fleet.io/manifest-hash": "0"}}),
        "spec.ingress.annotations",
        "must not begin with fastapi-fleet.io/",
    ),
    "monitoring at an odd interval": (
        service(monitoring={"interval": "often"}),
        "spec.monitoring.interval",
        "should match",
    ),
    "monitoring with a label of the operator's": (
        service(monitoring={"labels": {"app.kubernetes.io/name": "x"}}),
        "spec.monitoring.labels",
        "those are the operator's",
    ),
    "autoscaling without a most": (service(autoscaling={}), "spec.autoscaling.maxReplicas", "Required value"),
    "autoscaling upside down": (
        service(autoscaling={"minReplicas": 3, "maxReplicas": 2}),
        "spec.autoscaling.minReplicas",
        "must not be above autoscaling.maxReplicas",
    ),
    "autoscaling by a request that is not there": (
        service(autoscaling={"maxReplicas": 2}, resources={"requests": {"memory": "64Mi"}}),
        "spec.resources",
        "set resources.requests.cpu",
    ),
    "autoscaling by memory that is not requested": (
        service(
            autoscaling={"maxReplicas": 2, "targetMemoryUtilizationPercentage": 70},
            resources={"requests": {"cpu": "100m"}},
        ),
        "spec.resources",
        "set resources.requests.memory",
    ),
    "unknown scaling policy": (
        service(autoscaling={"maxReplicas": 2, "behavior": {"scaleUp": {"selectPolicy": "Most"}}}),
        "spec.autoscaling.behavior.scaleUp.selectPolicy",
        "Unsupported value",
    ),
    "rollout given up before a pod counts": (
        service(rollout={"minReadySeconds": 60, "progressDeadlineSeconds": 60}),
        "spec.rollout.progressDeadlineSeconds",
        "must be above rollout.minReadySeconds",
    ),
    "rollout given up before a pod may have started": (
        service(rollout={"progressDeadlineSeconds": 60}),
        "spec.rollout.progressDeadlineSeconds",
        "must be above probes.startupSeconds",
    ),
    "rollback to what is no revision": (
        service(rollout={"rollbackTo": "latest-but-one-1"}),
        "spec.rollout.rollbackTo",
        "should match",
    ),
    "the same pull secret twice": (
        service(imagePullSecrets=[{"name": "a"}, {"name": "a"}]),
        "spec.imagePullSecrets[1]",
        "Duplicate value",
    ),
    "negative replicas": (service(replicas=-1), "spec.replicas", "greater than or equal to 0"),
    "no workers": (service(workers=0), "spec.workers", "greater than or equal to 1"),
    "app without attribute": (service(app="app.main"), "spec.app", "should match"),
    "app as a file": (service(app="app/main.py:app"), "spec.app", "should match"),
    "empty command": (service(command=[]), "spec.command", "at least 1 items"),
    "platform name with upper case": (service(platform="Default"), "spec.platform", "should match"),
    "unknown field": (service(replica=2), "spec.replica", "unknown field"),
    "unknown field in a probe": (
        service(probes={"readiness": {"pth": "/up"}}),
        "spec.probes.readiness.pth",
        "unknown field",
    ),
    "unknown field in env": (
        service(env=[{"name": "A", "valu": "1"}]),
        "spec.env[0].valu",
        "unknown field",
    ),
    "duplicate env": (
        service(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "spec.env[1]",
        "Duplicate value",
    ),
    "env name that starts with a digit": (service(env=[{"name": "1A"}]), "spec.env[0].name", "should match"),
    "env with value and source": (
        service(env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]),
        "spec.env[0]",
        "set value or valueFrom, not both",
    ),
    "env with two sources": (
        service(
            env=[
                {
                    "name": "A",
                    "valueFrom": {
                        "fieldRef": {"fieldPath": "status.podIP"},
                        "secretKeyRef": {"name": "s", "key": "k"},
                    },
                }
            ]
        ),
        "spec.env[0].valueFrom",
        "set exactly one of",
    ),
    "envFrom of nothing": (service(envFrom=[{"prefix": "A_"}]), "spec.envFrom[0]", "set exactly one of"),
    "config key that is no variable": (service(config={"log-level": "info"}), "spec.config", "names of environment"),
    "env also in config": (
        service(env=[{"name": "A", "value": "1"}], config={"A": "2"}),
        "spec.env",
        "A is set by env and by config",
    ),
    "env also in secrets": (
        service(env=[{"name": "TOKEN", "value": "1"}], secrets=secret(generate=True)),
        "spec.env",
        "TOKEN is set by env and by secrets",
    ),
    "env also in services": (
        service(env=[{"name": "URL", "value": "1"}], services=[{"name": "orders", "env": "URL"}]),
        "spec.env",
        "URL is set by env and by services",
    ),
    "secret also in config": (
        service(secrets=secret(generate=True), config={"TOKEN": "x"}),
        "spec.secrets",
        "TOKEN is set by secrets and by config",
    ),
    "secret also in services": (
        service(secrets=secret(generate=True), services=[{"name": "orders", "env": "TOKEN"}]),
        "spec.secrets",
        "TOKEN is set by secrets and by services",
    ),
    "service also in config": (
        service(services=[{"name": "orders", "env": "URL"}], config={"URL": "x"}),
        "spec.services",
        "URL is set by services and by config",
    ),
    "DATABASE_URL beside a database": (
        service(database={}, env=[{"name": "DATABASE_URL", "value": "x"}]),
        "spec.database",
        "DATABASE_URL is set by database",
    ),
    "RABBITMQ_URL beside a broker": (
        service(broker={}, config={"RABBITMQ_URL": "x"}),
        "spec.broker",
        "RABBITMQ_URL is set by broker",
    ),
    "duplicate secret": (service(secrets=secret(generate=True) * 2), "spec.secrets[1]", "Duplicate value"),
    "secret with name and generate": (
        service(secrets=secret(name="s", key="k", generate=True)),
        "spec.secrets[0]",
        "set generate: true, or name and key",
    ),
    "secret from nowhere": (service(secrets=secret()), "spec.secrets[0]", "set generate: true, or name and key"),
    "secret without key": (service(secrets=secret(name="s")), "spec.secrets[0]", "go together"),
    "service that needs itself": (
        service(name="users", services=[{"name": "users", "env": "USERS_URL"}]),
        "spec.services",
        "cannot need itself",
    ),
    "service of a bad name": (
        service(services=[{"name": "user_service", "env": "U"}]),
        "spec.services[0].name",
        "should match",
    ),
    "duplicate event type": (service(broker={"publishes": ["a.b", "a.b"]}), "spec.broker.publishes[1]", "Duplicate"),
    "event type with a wildcard": (service(broker={"consumes": ["user.*"]}), "spec.broker.consumes[0]", "should match"),
    "no database connection": (
        service(database={"connectionLimit": 0}),
        "spec.database.connectionLimit",
        "greater than or equal to 1",
    ),
    "probe path without slash": (
        service(probes={"liveness": {"path": "health"}}),
        "spec.probes.liveness.path",
        "should match",
    ),
    "probe that waits for the one before": (
        service(probes={"liveness": {"periodSeconds": 5, "timeoutSeconds": 6}}),
        "spec.probes.liveness.timeoutSeconds",
        "must not be above periodSeconds",
    ),
    "readiness that begins after the start-up budget": (
        service(probes={"startupSeconds": 10, "readiness": {"initialDelaySeconds": 11}}),
        "spec.probes.readiness.initialDelaySeconds",
        "must not be above probes.startupSeconds",
    ),
    "start-up budget of a worker beyond the deadline": (
        service(
            rollout={"progressDeadlineSeconds": 90},
            worker={"probes": {"startupSeconds": 90}},
        ),
        "spec.rollout.progressDeadlineSeconds",
        "above worker.probes.startupSeconds",
    ),
    "drain longer than the grace period": (
        service(shutdown={"gracePeriodSeconds": 10, "drainSeconds": 20}),
        "spec.shutdown.drainSeconds",
        "must leave at least 5 s",
    ),
    "default drain does not fit": (
        service(shutdown={"gracePeriodSeconds": 9}),
        "spec.shutdown.drainSeconds",
        "must leave at least 5 s",
    ),
    "bad quantity": (service(resources={"limits": {"memory": "1 GB"}}), "spec.resources.limits.memory", "should match"),
    "bad resource name": (
        service(resources={"limits": {"me mory": "1Gi"}}),
        "spec.resources.limits",
        "keys must match",
    ),
    "name with a dot": (service(name="users.v2"), "metadata.name", "must be at most 50 characters"),
    "name that starts with a digit": (service(name="2users"), "metadata.name", "must be at most 50 characters"),
    "name of 51 characters": (service(name="u" * 51), "metadata.name", "must be at most 50 characters"),
    "platform of an unknown mode": (platform(postgres={"mode": "Cloud"}), "spec.postgres.mode", "Unsupported value"),
    "platform with an unknown field": (platform(mysql={}), "spec.mysql", "unknown field"),
    "platform of too few connections": (
        platform(postgres={"maxConnections": 1}),
        "spec.postgres.maxConnections",
        "greater than or equal to 10",
    ),
    "platform of a long name": (platform(name="p" * 44), "metadata.name", "must be at most 43 characters"),
}


@pytest.mark.parametrize(("manifest", "field", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_bad_resource_is_refused_by_a_message_that_names_the_field(
    cluster: Kubectl, manifest: Manifest, field: str, why: str
) -> None:
    with pytest.raises(KubectlError) as refusal:
        cluster.apply(manifest, dry_run=True)
    assert field in refusal.value.stderr
    assert why in refusal.value.stderr


def test_three_lines_and_an_image_are_enough(cluster: Kubectl) -> None:
    output = cluster.run(
        "apply", "--validate=strict", "--dry-run=server", "--output=jsonpath={.spec}", "-f-", stdin=MINIMAL_SERVICE
    )
    assert IMAGE in output


def test_new_resource_is_of_unknown_readiness_before_anybody_has_seen_it(cluster: Kubectl) -> None:
    (accepted,) = cluster.apply(service(), dry_run=True)
    ready = condition_of(accepted, "Ready")
    assert (ready["status"], accepted["status"]["observedGeneration"]) == ("Unknown", 0)


@pytest.mark.parametrize("field", ["database", "broker", "probes", "shutdown", "resources"])
def test_empty_object_takes_the_defaults(cluster: Kubectl, field: str) -> None:
    given: dict[str, Any] = {field: {}}
    (accepted,) = cluster.apply(service(**given), dry_run=True)
    assert field in accepted["spec"]


def test_defaults_are_filled_in_where_an_object_is_given(cluster: Kubectl) -> None:
    (accepted,) = cluster.apply(service(shutdown={}), dry_run=True)
    assert accepted["spec"]["shutdown"] == {"gracePeriodSeconds": 30, "drainSeconds": 5}


def test_service_with_every_field_is_accepted(cluster: Kubectl) -> None:
    (accepted,) = cluster.apply(
        service(
            imagePullPolicy="Always",
            platform="default",
            app="shop.api.main:create_app",
            port=9000,
            command=["python", "-m", "shop"],
            args=["--verbose"],
            workers=2,
            replicas=0,
            resources={
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "0.5Gi", "example.com/gpu": "1"},
            },
            env=[
                {"name": "A", "value": ""},
                {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "some.config", "key": "b", "optional": True}}},
            ],
            envFrom=[{"prefix": "P_", "secretRef": {"name": "some-secret"}}],
            config={"LOG_LEVEL": "debug"},
            secrets=[{"env": "C", "generate": True}, {"env": "D", "name": "some-secret", "key": "d"}],
            services=[{"name": "orders", "env": "ORDERS_URL"}],
            database={"connectionLimit": 20},
            broker={"publishes": ["user.registered"], "consumes": ["order.created"]},
            probes={"readiness": {"path": "/up", "periodSeconds": 3}, "startupSeconds": 120},
            shutdown={"gracePeriodSeconds": 60, "drainSeconds": 10},
            paused=True,
        ),
        dry_run=True,
    )
    assert accepted["spec"]["replicas"] == 0


def test_platform_with_both_servers_by_default_is_accepted(cluster: Kubectl) -> None:
    (accepted,) = cluster.apply(platform(postgres={}, rabbitmq={}), dry_run=True)
    assert accepted["spec"]["postgres"]["mode"] == "Embedded"
    assert accepted["spec"]["rabbitmq"]["storage"] == "1Gi"


@pytest.fixture
def paused_platform(cluster: Kubectl) -> Iterator[Kubectl]:
    """A stored FleetPlatform `admission` for which nothing is created."""
    cluster.apply(platform(paused=True, postgres={}, rabbitmq={}))
    yield cluster
    cluster.delete("fleetplatform", "admission")


@pytest.mark.parametrize("server", ["postgres", "rabbitmq"])
def test_storage_of_a_platform_cannot_change(paused_platform: Kubectl, server: str) -> None:
    with pytest.raises(KubectlError, match=f"spec.{server}.storage.*storage cannot change"):
        paused_platform.patch("fleetplatform", "admission", {"spec": {server: {"storage": "2Gi"}}})


def test_platform_of_a_service_cannot_change(cluster: Kubectl) -> None:
    cluster.apply(service(paused=True))
    try:
        with pytest.raises(KubectlError, match=r"spec.platform.*platform cannot change"):
            cluster.patch("fastapiservice", "admission", {"spec": {"platform": "other"}})
    finally:
        cluster.delete("fastapiservice", "admission")


@pytest.mark.parametrize("path", ["fastapiservice.spec.shutdown", "fleetplatform.spec.postgres"])
def test_explain_is_documentation(cluster: Kubectl, path: str) -> None:
    assert "<no description>" not in cluster.run("explain", path, "--recursive=false")
