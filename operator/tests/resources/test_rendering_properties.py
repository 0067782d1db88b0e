"""What holds for every valid spec."""

import json
from itertools import permutations
from typing import Any

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import SHUTDOWN_MARGIN_SECONDS, FastAPIServiceSpec, Shutdown
from fastapi_fleet.constants import LABEL_COMPONENT
from fastapi_fleet.kube.kinds import OPTIONAL, key_of
from fastapi_fleet.reconcile.observe import child_keys
from fastapi_fleet.resources.deployment import uvicorn_command
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Owner
from hypothesis import given
from support import specs
from support.pod_security import restricted_violations
from support.rendering import SERVICE_OWNER, rendered_platform, rendered_service

KUBERNETES_NAME_LIMIT = 63


def deployment_spec(spec: FastAPIServiceSpec) -> dict[str, Any]:
    rendered: dict[str, Any] = rendered_service(spec).workload["spec"]
    return rendered


def pods_of(spec: FastAPIServiceSpec) -> list[dict[str, Any]]:
    """Pod specs of the service, of its worker and of its Jobs."""
    workloads = (manifest for manifest in rendered_service(spec).all if manifest["kind"] in {"Deployment", "Job"})
    return [workload["spec"]["template"]["spec"] for workload in workloads]


@given(specs.service_specs())
def test_service_renders_the_same_each_time(spec: FastAPIServiceSpec) -> None:
    assert rendered_service(spec) == rendered_service(spec)


@given(specs.service_specs())
def test_service_manifests_are_json(spec: FastAPIServiceSpec) -> None:
    for manifest in rendered_service(spec).all:
        assert json.loads(json.dumps(manifest)) == manifest


@given(specs.platform_specs)
def test_platform_manifests_are_json_and_the_same_each_time(spec: FleetPlatformSpec) -> None:
    rendered = rendered_platform(spec)
    assert json.loads(json.dumps(rendered)) == rendered_platform(spec)


@given(specs.service_specs())
def test_rendered_manifest_holds_itself(spec: FastAPIServiceSpec) -> None:
    for manifest in rendered_service(spec).all:
        assert holds(manifest, manifest)


@given(specs.service_specs(), specs.service_specs())
def test_selector_never_depends_on_the_spec(one: FastAPIServiceSpec, other: FastAPIServiceSpec) -> None:
    assert deployment_spec(one)["selector"] == deployment_spec(other)["selector"]


@given(specs.service_specs())
def test_selectors_of_deployment_and_service_match_the_pods(spec: FastAPIServiceSpec) -> None:
    rendered = rendered_service(spec)
    service = next(manifest for manifest in rendered.prerequisites if manifest["kind"] == "Service")
    labels = rendered.workload["spec"]["template"]["metadata"]["labels"].items()
    assert rendered.workload["spec"]["selector"]["matchLabels"].items() <= labels
    assert service["spec"]["selector"].items() <= labels


@given(specs.service_specs())
def test_service_pods_pass_pod_security_restricted(spec: FastAPIServiceSpec) -> None:
    assert [restricted_violations(pod) for pod in pods_of(spec)] == [[] for _ in pods_of(spec)]


@given(specs.platform_specs)
def test_backend_pods_pass_pod_security_restricted(spec: FleetPlatformSpec) -> None:
    for manifest in rendered_platform(spec):
        if manifest["kind"] == "StatefulSet":
            assert restricted_violations(manifest["spec"]["template"]["spec"]) == []


@given(specs.service_specs())
def test_every_container_has_a_read_only_root_file_system(spec: FastAPIServiceSpec) -> None:
    for pod in pods_of(spec):
        assert all(container["securityContext"]["readOnlyRootFilesystem"] is True for container in pod["containers"])


@given(specs.shutdowns())
def test_grace_period_covers_drain_graceful_timeout_and_margin(shutdown: Shutdown) -> None:
    spec = FastAPIServiceSpec(image="i", shutdown=shutdown)
    pod = deployment_spec(spec)["template"]["spec"]
    sleep = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    command = uvicorn_command(spec)
    graceful = int(command[command.index("--timeout-graceful-shutdown") + 1])
    assert sleep == shutdown.drain_seconds
    assert graceful >= 1
    assert pod["terminationGracePeriodSeconds"] >= sleep + graceful + SHUTDOWN_MARGIN_SECONDS


@given(specs.service_specs(), specs.names)
def test_names_and_label_values_are_within_limits(spec: FastAPIServiceSpec, name: str) -> None:
    for manifest in rendered_service(spec, Owner("FastAPIService", "team", name, "uid")).all:
        assert len(key_of(manifest).name) <= KUBERNETES_NAME_LIMIT
        assert all(len(value) <= KUBERNETES_NAME_LIMIT for value in manifest["metadata"]["labels"].values())


@given(specs.platform_specs, specs.names)
def test_platform_names_and_label_values_are_within_limits(spec: FleetPlatformSpec, name: str) -> None:
    for manifest in rendered_platform(spec, Owner("FleetPlatform", "team", name, "uid")):
        assert len(key_of(manifest).name) <= KUBERNETES_NAME_LIMIT
        assert all(len(value) <= KUBERNETES_NAME_LIMIT for value in manifest["metadata"]["labels"].values())


@given(specs.service_specs())
def test_prerequisites_come_before_the_workload_and_none_twice(spec: FastAPIServiceSpec) -> None:
    rendered = rendered_service(spec)
    keys = [key_of(manifest) for manifest in rendered.all]
    kinds = [key.kind for key in keys[len(rendered.prerequisites) :] if key.kind in {"Job", "Deployment"}]
    jobs = [job for job in (rendered.preflight, rendered.migration) if job is not None]
    assert kinds == ["Job"] * len(jobs) + ["Deployment"] * (len(kinds) - len(jobs))
    assert len(keys) == len(set(keys))


@given(specs.service_specs())
def test_children_are_told_before_they_are_rendered(spec: FastAPIServiceSpec) -> None:
    everything = frozenset(kind.name for kind in OPTIONAL)
    no_caller: tuple[str, ...] = ()
    for served, callers in ((frozenset[str](), no_caller), (everything, no_caller), (everything, ("monitoring",))):
        rendered = rendered_service(spec, served=served, caller_namespaces=callers)
        told = (manifest for manifest in rendered.all if manifest is not rendered.preflight)
        assert set(child_keys(SERVICE_OWNER, spec, served, callers)) == {key_of(manifest) for manifest in told}


@given(specs.service_specs())
def test_replicas_are_sent_by_the_operator_or_decided_by_an_autoscaler(spec: FastAPIServiceSpec) -> None:
    kinds = {manifest["kind"] for manifest in rendered_service(spec).all}
    assert ("replicas" in deployment_spec(spec)) != ("HorizontalPodAutoscaler" in kinds)


@given(specs.service_specs())
def test_budget_always_lets_a_drain_go_on(spec: FastAPIServiceSpec) -> None:
    fewest = {
        "service": spec.autoscaling.min_replicas if spec.autoscaling else spec.replicas,
        "worker": spec.worker.replicas if spec.worker else 0,
    }
    budgets = {
        manifest["metadata"]["labels"][LABEL_COMPONENT]: manifest["spec"]
        for manifest in rendered_service(spec).all
        if manifest["kind"] == "PodDisruptionBudget"
    }
    assert all(fewest[component] > budget["maxUnavailable"] > 0 for component, budget in budgets.items())


@given(specs.service_specs())
def test_pods_of_service_and_worker_are_never_taken_for_one_another(spec: FastAPIServiceSpec) -> None:
    """Two Deployments whose selectors met would fight for pods, and a Service would send requests to a worker."""
    deployments = [manifest["spec"] for manifest in rendered_service(spec).all if manifest["kind"] == "Deployment"]
    for one, other in permutations(deployments, 2):
        labels = other["template"]["metadata"]["labels"].items()
        assert not one["selector"]["matchLabels"].items() <= labels
