"""What a spec puts into pods takes nothing of what the operator promises for them."""

from typing import Any

import pytest
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.constants import LABEL_NAME, LABEL_OWNER_NAME
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.reconcile.parse import parse_service
from fastapi_fleet.resources.equality import holds
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.strays import removal_of_strays
from support.pod_security import restricted_violations
from support.rendering import rendered_service
from support.resources import fastapi_service

BESIDE = {"name": "beside", "image": "registry.example/beside:1"}


def deployment(**spec: Any) -> Manifest:
    return rendered_service(FastAPIServiceSpec.model_validate({"image": "i", **spec})).workload


def template(**pod: Any) -> Manifest:
    rendered: Manifest = deployment(pod=pod)["spec"]["template"]
    return rendered


def test_labels_by_which_pods_are_found_stay_those_of_the_operator() -> None:
    labels = template(labels={LABEL_NAME: "other", LABEL_OWNER_NAME: "other", "team": "web"})["metadata"]["labels"]
    assert (labels[LABEL_NAME], labels[LABEL_OWNER_NAME], labels["team"]) == ("shop", "shop", "web")


def test_containers_beside_the_service_are_hardened_like_it() -> None:
    pod = template(initContainers=[BESIDE], sidecars=[{**BESIDE, "name": "proxy"}])["spec"]
    assert restricted_violations(pod) == []
    (app,) = pod["containers"]
    assert all(container["securityContext"] == app["securityContext"] for container in pod["initContainers"])


def test_sidecars_come_after_what_must_end_before_the_service_starts_and_go_on_running() -> None:
    pod = template(sidecars=[{**BESIDE, "name": "proxy"}], initContainers=[BESIDE])["spec"]
    found = [(container["name"], container.get("restartPolicy")) for container in pod["initContainers"]]
    assert found == [("beside", None), ("proxy", "Always")]


def test_migrations_have_beside_them_what_the_service_has() -> None:
    spec = {
        "image": "i",
        "database": {"migrations": {"command": ["migrate"]}},
        "pod": {"initContainers": [BESIDE], "sidecars": [{**BESIDE, "name": "proxy"}]},
    }
    rendered = rendered_service(FastAPIServiceSpec.model_validate(spec))
    assert rendered.migration is not None
    pod = rendered.migration["spec"]["template"]["spec"]
    found = [(container["name"], container.get("restartPolicy")) for container in pod["initContainers"]]
    assert found == [("beside", None), ("proxy", "Always")], "one that is stopped with the command, or no Job would end"
    assert [container["name"] for container in pod["containers"]] == ["app"]
    assert restricted_violations(pod) == []


def test_containers_beside_the_service_have_none_of_its_secrets() -> None:
    spec = {"secrets": [{"env": "KEY", "generate": True}], "pod": {"sidecars": [BESIDE]}}
    (sidecar,) = deployment(**spec)["spec"]["template"]["spec"]["initContainers"]
    assert sidecar["env"] == []
    assert "envFrom" not in sidecar


@pytest.mark.parametrize("field", ["securityContext", "privileged", "hostPort", "ports", "lifecycle"])
def test_container_cannot_say_how_it_is_hardened(field: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(pod={"sidecars": [{**BESIDE, field: {}}]}))
    assert refused.value.field == f"spec.pod.sidecars.0.{field}"


@pytest.mark.parametrize("kind", ["hostPath", "nfs", "csi", "iscsi"])
def test_volume_of_a_kind_that_pod_security_refuses_has_no_field(kind: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(pod={"volumes": [{"name": "host", kind: {"path": "/"}}]}))
    assert refused.value.field == f"spec.pod.volumes.0.{kind}"


def test_limit_below_the_request_of_a_sidecar_is_refused() -> None:
    resources = {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
    with pytest.raises(InvalidSpecError) as refused:
        parse_service(fastapi_service(pod={"sidecars": [{**BESIDE, "resources": resources}]}))
    assert refused.value.field == "spec.pod.sidecars[0].resources.requests[memory]"


def test_size_that_the_api_server_writes_in_another_way_is_no_difference() -> None:
    wanted = deployment(pod={"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1024Mi"}}]})
    live = deployment(pod={"volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}}]})
    live["metadata"]["annotations"] = wanted["metadata"]["annotations"]
    live["spec"]["template"]["metadata"]["annotations"] = wanted["spec"]["template"]["metadata"]["annotations"]
    assert holds(live, wanted)


def test_sidecar_that_somebody_added_is_found() -> None:
    wanted = deployment(pod={"sidecars": [BESIDE]})
    live = deployment(pod={"sidecars": [BESIDE, {**BESIDE, "name": "miner"}]})
    assert [item["path"] for item in removal_of_strays(live, wanted)] == ["/spec/template/spec/initContainers"]


def test_account_that_exists_is_used_and_none_is_made() -> None:
    rendered = rendered_service(FastAPIServiceSpec.model_validate({"image": "i", "serviceAccount": {"name": "theirs"}}))
    assert "ServiceAccount" not in {manifest["kind"] for manifest in rendered.all}
    pod = rendered.workload["spec"]["template"]["spec"]
    assert (pod["serviceAccountName"], pod["automountServiceAccountToken"]) == ("theirs", False)


def test_worker_has_what_the_pods_of_the_service_have() -> None:
    spec = FastAPIServiceSpec.model_validate(
        {"image": "i", "worker": {}, "pod": {"nodeSelector": {"pool": "web"}, "sidecars": [BESIDE]}}
    )
    worker = rendered_service(spec).worker
    assert worker is not None
    pod = worker["spec"]["template"]["spec"]
    assert (pod["nodeSelector"], [one["name"] for one in pod["initContainers"]]) == ({"pool": "web"}, ["beside"])
