"""What a person is told at `kubectl apply`: the API server refuses bad resources and names the field."""

from collections.abc import Iterator
from typing import Any

import pytest
from kubectl import Kubectl, KubectlError, Manifest, condition_of, local_cluster
from refusals import API_VERSION, IMAGE, REFUSED, platform, service

MINIMAL_SERVICE = f"""\
apiVersion: {API_VERSION}
kind: FastAPIService
metadata: {{name: admission}}
spec: {{image: {IMAGE}}}
"""


@pytest.fixture(scope="module")
def cluster() -> Kubectl:
    return local_cluster()


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


def test_topology_of_a_platform_cannot_change(paused_platform: Kubectl) -> None:
    with pytest.raises(KubectlError, match=r"spec.postgres.topology.*topology cannot change"):
        paused_platform.patch("fleetplatform", "admission", {"spec": {"postgres": {"topology": "PerService"}}})


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
