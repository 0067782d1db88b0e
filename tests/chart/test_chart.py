"""The chart as Helm renders it: every switch, the rights it asks for, and the values it refuses."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from fastapi_fleet.kube.kinds import CHILDREN, HTTP_ROUTE, SERVICE_MONITOR
from helm import CHART, FULL, MINIMAL, REPOSITORY, Manifest, RefusedError, of_kind, render

CRDS = REPOSITORY / "crds"


def pod_of(manifests: list[Manifest]) -> Manifest:
    (deployment,) = of_kind(manifests, "Deployment")
    pod: Manifest = deployment["spec"]["template"]
    return pod


def container_of(manifests: list[Manifest]) -> Manifest:
    (container,) = pod_of(manifests)["spec"]["containers"]
    found: Manifest = container
    return found


def environment_of(manifests: list[Manifest]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container_of(manifests)["env"]}


def of_served_namespaces(manifests: list[Manifest], kind: str) -> list[Manifest]:
    """Those that are not of the operator's own namespace, where the Lease is."""
    return [one for one in of_kind(manifests, kind) if one["metadata"]["namespace"] != "fastapi-fleet-system"]


def rules(manifests: list[Manifest]) -> list[Manifest]:
    """Every rule of every role."""
    return [rule for kind in ("ClusterRole", "Role") for role in of_kind(manifests, kind) for rule in role["rules"]]


def value_paths(values: Manifest, path: str = "") -> Iterator[str]:
    """Every value by its dotted path; maps and lists that hold no other values count as one."""
    for name, value in values.items():
        if isinstance(value, dict) and value and name != "resources":
            yield from value_paths(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def objects_in_schema(schema: Manifest) -> Iterator[Manifest]:
    """Every schema of an object that lists its properties."""
    if "properties" in schema:
        yield schema
    nested = [*schema.get("properties", {}).values(), *schema.get("definitions", {}).values()]
    for child in [*nested, *([schema["items"]] if "items" in schema else [])]:
        yield from objects_in_schema(child)


@pytest.mark.parametrize("arguments", [[], ["--values", str(FULL)]])
def test_no_right_has_a_wildcard(arguments: list[str]) -> None:
    granted = rules(render(*arguments))
    assert granted
    for rule in granted:
        assert "*" not in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]


@pytest.mark.parametrize("arguments", [[], ["--values", str(FULL)]])
def test_the_operator_cannot_widen_rights_nor_enter_pods(arguments: list[str]) -> None:
    granted = {
        (resource, verb)
        for rule in rules(render(*arguments))
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    resources, verbs = {resource for resource, _ in granted}, {verb for _, verb in granted}
    assert resources.isdisjoint({"roles", "clusterroles", "rolebindings", "clusterrolebindings", "pods/exec", "nodes"})
    assert verbs.isdisjoint({"escalate", "bind", "impersonate"})
    assert {verb for resource, verb in granted if resource == "pods"} == {"list", "watch"}


def test_every_child_may_be_made_put_right_and_deleted_when_it_is_no_longer_wanted() -> None:
    granted = {
        (group, resource, verb)
        for rule in rules(render())
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    wanted = {
        (kind.group, kind.plural, verb)
        for kind in (*CHILDREN, HTTP_ROUTE, SERVICE_MONITOR)
        for verb in ("get", "list", "watch", "create", "patch", "delete")
    }
    assert wanted - granted == set()


def test_pod_meets_the_restricted_standard() -> None:
    manifests = render()
    pod, container = pod_of(manifests)["spec"], container_of(manifests)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_a_second_operator_stands_by_and_an_eviction_takes_one_at_a_time() -> None:
    manifests = render()
    (deployment,) = of_kind(manifests, "Deployment")
    (budget,) = of_kind(manifests, "PodDisruptionBudget")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert budget["spec"]["maxUnavailable"] == 1
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]


def test_a_single_operator_has_no_budget_that_would_block_a_drain() -> None:
    assert of_kind(render("--set", "replicas=1"), "PodDisruptionBudget") == []


def test_replicas_agree_by_one_lease_of_the_own_namespace() -> None:
    manifests = render(release="second")
    (role,) = of_kind(manifests, "Role")
    assert role["metadata"]["namespace"] == "fastapi-fleet-system"
    assert role["rules"] == [
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "resourceNames": [environment_of(manifests)["FLEET_LEASE_NAME"]],
            "verbs": ["get", "update"],
        },
    ]
    (binding,) = of_kind(manifests, "RoleBinding")
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert environment_of(manifests)["FLEET_LEASE_NAMESPACE"] == role["metadata"]["namespace"]


def test_helm_test_asks_the_metrics_service_from_a_hardened_pod_of_the_same_image() -> None:
    manifests = render("--values", str(FULL))
    (pod,), (service,) = of_kind(manifests, "Pod"), of_kind(manifests, "Service")
    (container,) = pod["spec"]["containers"]
    operator = container_of(manifests)
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert (container["image"], container["securityContext"]) == (operator["image"], operator["securityContext"])
    assert pod["spec"]["securityContext"] == pod_of(manifests)["spec"]["securityContext"]
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert container["command"][-1] == f"http://{service['metadata']['name']}:9090/readyz"
    assert not service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def test_helm_test_needs_the_metrics_service() -> None:
    assert of_kind(render("--set", "metrics.service.enabled=false"), "Pod") == []


def test_no_rule_of_the_house_holds_by_default() -> None:
    assert of_kind(render(), "ValidatingAdmissionPolicy") == of_kind(render(), "ValidatingAdmissionPolicyBinding") == []


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("registries={a.example}", ["fastapiservices-registries", "fleetplatforms-registries"]),
        ("requiredLabels={example.com/team}", ["labels"]),
    ],
)
def test_each_rule_of_the_house_is_a_policy_with_a_binding(value: str, names: list[str]) -> None:
    manifests = render("--set", f"admission.{value}")
    bindings = of_kind(manifests, "ValidatingAdmissionPolicyBinding")
    policies = of_kind(manifests, "ValidatingAdmissionPolicy")
    full_names = [f"fastapi-fleet-system-fastapi-fleet-{name}" for name in names]
    assert [policy["metadata"]["name"] for policy in policies] == full_names
    assert [one["spec"] for one in bindings] == [
        {"policyName": name, "validationActions": ["Deny"]} for name in full_names
    ]
    for policy in policies:
        assert json.loads(policy["spec"]["variables"][0]["expression"]) == [value[value.index("{") + 1 : -1]]


def images_in_schema(schema: Manifest, path: str) -> Iterator[str]:
    """Every field below that names a container image."""
    for name, child in schema.get("properties", {}).items():
        if name == "image":
            yield f"{path}.image"
        yield from images_in_schema(child, f"{path}.{name}")
    for child in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(child, dict):
            yield from images_in_schema(child, f"{path}[]")


def test_registries_are_asked_of_every_image_that_a_spec_can_name() -> None:
    manifests = render("--set", "admission.registries={a.example}")
    policies = {one["metadata"]["name"].split("-")[-2]: one for one in of_kind(manifests, "ValidatingAdmissionPolicy")}
    for crd in of_kind(manifests, "CustomResourceDefinition"):
        policy = policies[crd["spec"]["names"]["plural"]]
        checked = {rule["messageExpression"].partition(":")[0].strip('"') for rule in policy["spec"]["validations"]}
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        assert checked >= set(images_in_schema(schema, "spec"))


def test_rules_of_the_house_hold_in_watched_namespaces_only_where_some_are_named() -> None:
    bindings = of_kind(render("--values", str(FULL)), "ValidatingAdmissionPolicyBinding")
    assert len(bindings) == 3
    for binding in bindings:
        (expression,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert (expression["operator"], expression["values"]) == ("In", ["shop", "billing"])


def test_default_settings_and_resources() -> None:
    manifests = render()
    assert environment_of(manifests) == {
        "FLEET_LOG_LEVEL": "info",
        "FLEET_WORKERS": "8",
        "FLEET_RESYNC_SECONDS": "600",
        "FLEET_WATCH_NAMESPACES": "",
        "FLEET_CALLER_NAMESPACES": "",
        "FLEET_EXTERNAL_HOSTS": "",
        "FLEET_LEASE_NAME": "fastapi-fleet",
        "FLEET_LEASE_NAMESPACE": "fastapi-fleet-system",
    }
    assert container_of(manifests)["resources"] == {
        "requests": {"cpu": "50m", "memory": "128Mi"},
        "limits": {"memory": "256Mi"},
    }


def test_probes_ask_the_port_that_metrics_are_served_on() -> None:
    manifests = render()
    container = container_of(manifests)
    (service,) = of_kind(manifests, "Service")
    assert container["ports"] == [{"name": "http", "containerPort": 8080}]
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert service["spec"]["ports"] == [{"name": "http-metrics", "port": 8080, "targetPort": "http"}]


def test_selectors_match_the_pod() -> None:
    manifests = render("--values", str(FULL))
    labels = pod_of(manifests)["metadata"]["labels"].items()
    (deployment,) = of_kind(manifests, "Deployment")
    (service,) = of_kind(manifests, "Service")
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels
    assert service["spec"]["selector"].items() <= labels


def test_every_value_reaches_its_place() -> None:
    manifests = render("--values", str(FULL))
    pod, container = pod_of(manifests), container_of(manifests)
    assert container["image"] == "registry.example:5000/platform/operator:src-0123456789ab"
    assert container["imagePullPolicy"] == "Always"
    assert container["resources"]["limits"] == {"cpu": 1, "memory": "512Mi"}
    assert environment_of(manifests) == {
        "FLEET_LOG_LEVEL": "debug",
        "FLEET_WORKERS": "16",
        "FLEET_RESYNC_SECONDS": "60",
        "FLEET_WATCH_NAMESPACES": "shop,billing",
        "FLEET_CALLER_NAMESPACES": "ingress-nginx,monitoring",
        "FLEET_EXTERNAL_HOSTS": "*.rds.example.com,mq.example.com,10.0.0.7",
        "FLEET_LEASE_NAME": "fastapi-fleet",
        "FLEET_LEASE_NAMESPACE": "fastapi-fleet-system",
    }
    assert pod["metadata"]["annotations"] == {"example.com/note": "annotated"}
    assert pod["metadata"]["labels"]["example.com/tier"] == "control"
    assert pod["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["spec"]["serviceAccountName"] == "fleet-operator"
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    assert pod["spec"]["tolerations"][0]["key"] == "dedicated"
    assert "nodeAffinity" in pod["spec"]["affinity"]


def value_at(values: Manifest, path: str) -> Any:
    for name in path.split("."):
        values = values[name]
    return values


@pytest.mark.parametrize("path", list(value_paths(yaml.safe_load((CHART / "values.yaml").read_text()))))
def test_every_value_makes_a_difference(path: str) -> None:
    """Against the full values: a switch turned over, another value as it is by default."""
    default, full = (value_at(yaml.safe_load(file.read_text()), path) for file in (CHART / "values.yaml", FULL))
    other = not full if isinstance(full, bool) else default
    arguments = ["--values", str(FULL), "--set-json", f"{path}={json.dumps(other)}"]
    if path == "metrics.service.enabled":
        arguments += ["--set", "metrics.serviceMonitor.enabled=false"]
    assert render(*arguments) != render("--values", str(FULL))


def test_metrics_service_takes_port_labels_and_annotations() -> None:
    (service,) = of_kind(render("--values", str(FULL)), "Service")
    assert service["spec"]["ports"][0]["port"] == 9090
    assert service["metadata"]["labels"]["scrape"] == "fleet"
    assert service["metadata"]["annotations"] == {"prometheus.io/scrape": "true"}


def test_rights_hold_everywhere_by_default() -> None:
    manifests = render()
    bound = [binding["roleRef"]["name"] for binding in of_kind(manifests, "ClusterRoleBinding")]
    assert bound == [role["metadata"]["name"] for role in of_kind(manifests, "ClusterRole")]
    assert of_served_namespaces(manifests, "RoleBinding") == []


def test_rights_hold_in_watched_namespaces_only_where_some_are_named() -> None:
    manifests = render("--values", str(FULL))
    assert of_kind(manifests, "ClusterRole") == of_kind(manifests, "ClusterRoleBinding") == []
    (everywhere,) = of_kind(render(), "ClusterRole")
    roles = {role["metadata"]["namespace"]: role for role in of_served_namespaces(manifests, "Role")}
    bindings = {one["metadata"]["namespace"]: one["roleRef"] for one in of_served_namespaces(manifests, "RoleBinding")}
    assert roles.keys() == bindings.keys() == {"shop", "billing"}
    for namespace, role in roles.items():
        assert role["rules"] == everywhere["rules"]
        assert (bindings[namespace]["kind"], bindings[namespace]["name"]) == ("Role", role["metadata"]["name"])


@pytest.mark.parametrize("arguments", [[], ["--values", str(FULL)], ["--values", str(MINIMAL)]])
def test_bindings_name_the_service_account_of_the_pod(arguments: list[str]) -> None:
    manifests = render(*arguments)
    account = pod_of(manifests)["spec"]["serviceAccountName"]
    bindings = of_kind(manifests, "ClusterRoleBinding") + of_kind(manifests, "RoleBinding")
    assert {binding["subjects"][0]["name"] for binding in bindings} == {account}


def test_minimal_values_leave_out_what_they_switch_off() -> None:
    kinds = {manifest["kind"] for manifest in render("--values", str(MINIMAL))}
    assert kinds.isdisjoint({"CustomResourceDefinition", "ServiceAccount", "Service"})


def test_definitions_are_those_of_the_repository() -> None:
    rendered = {crd["metadata"]["name"]: crd["spec"] for crd in of_kind(render(), "CustomResourceDefinition")}
    committed = [yaml.safe_load(file.read_text()) for file in CRDS.glob("*.yaml")]
    assert rendered == {crd["metadata"]["name"]: crd["spec"] for crd in committed}
    assert len(committed) == 2


@pytest.mark.parametrize(("keep", "annotations"), [("true", {"helm.sh/resource-policy": "keep"}), ("false", {})])
def test_definitions_outlive_the_release_when_told_to(keep: str, annotations: dict[str, str]) -> None:
    for crd in of_kind(render("--set", f"crds.keep={keep}"), "CustomResourceDefinition"):
        assert crd["metadata"].get("annotations", {}) == annotations


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("workes=3", "workes"),
        ("image.tags=1", "tags"),
        ("crds.keeps=true", "keeps"),
        ("metrics.service.ports=1", "ports"),
        ("workers=0", "/workers"),
        ("workers=many", "/workers"),
        ("logLevel=loud", "/logLevel"),
        ("image.pullPolicy=Sometimes", "/image/pullPolicy"),
        ("image.tag=", "/image/tag"),
        ("resyncSeconds=1", "/resyncSeconds"),
        ("watchNamespaces={Shop}", "/watchNamespaces/0"),
        ("callerNamespaces={Shop}", "/callerNamespaces/0"),
        ("externalHosts={https://db.example.com}", "/externalHosts/0"),
        ("resources.limits.memory=1GB", "/resources/limits/memory"),
        ("admission.registries={Registry}", "/admission/registries/0"),
        ("admission.requiredLabels={a b}", "/admission/requiredLabels/0"),
        ("admission.labels={team}", "labels"),
        ("metrics.serviceMonitor.interval=often", "/metrics/serviceMonitor/interval"),
        ("metrics.alerts.runbooks=", "/metrics/alerts/runbooks"),
        ("metrics.dashboards.enabled=yes please", "/metrics/dashboards/enabled"),
        ("serviceAccount.create=false", "/serviceAccount/name"),
    ],
)
def test_wrong_value_is_refused_by_name(argument: str, named: str) -> None:
    with pytest.raises(RefusedError, match=named):
        render("--set", argument)


def test_schema_is_closed_everywhere() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert [found for found in objects_in_schema(schema) if found.get("additionalProperties") is not False] == []


def test_schema_knows_every_value() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert set(schema["properties"]) - {"global"} == set(yaml.safe_load((CHART / "values.yaml").read_text()))


def test_every_value_is_in_the_readme() -> None:
    readme = (CHART / "README.md").read_text()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert [path for path in value_paths(values) if f"`{path}`" not in readme] == []


def test_release_of_another_name_owns_other_names() -> None:
    other = render(release="second")
    assert of_kind(other, "Deployment")[0]["metadata"]["name"] == "second-fastapi-fleet"
