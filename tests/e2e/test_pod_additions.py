"""What a spec puts into pods runs in a namespace that admits hardened pods alone; what could not is refused."""

from typing import Any

import pytest
from fleet import Images, get_json, pods_of, service, start
from kubectl import Kubectl, KubectlError

SIDECAR = ["python", "-c", "import signal; signal.signal(15, lambda *_: exit()); signal.pause()"]


def beside(image: str, name: str, **container: Any) -> dict[str, Any]:
    resources = {"requests": {"cpu": "5m", "memory": "16Mi"}}
    return {"name": name, "image": image, "resources": resources, **container}


def test_additions_run_beside_the_service(cluster: Kubectl, images: Images) -> None:
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rules"}, "data": {"rules": "strict"}})
    write = ["python", "-c", "open('/scratch/written', 'w').write('by init')"]
    pod = {
        "labels": {"team": "web"},
        "annotations": {"example.org/owner": "web"},
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "volumes": [
            {"name": "rules", "configMap": {"name": "rules"}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1024Ki"}},
        ],
        "volumeMounts": [{"name": "rules", "mountPath": "/etc/rules"}, {"name": "scratch", "mountPath": "/scratch"}],
        "initContainers": [
            beside(images.v1, "write", command=write, volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}])
        ],
        "sidecars": [beside(images.v1, "helper", command=SIDECAR)],
    }
    start(cluster, service(images.v1, pod=pod, serviceAccount={"annotations": {"example.org/role": "web"}}))
    (running,) = pods_of(cluster)
    name = running["metadata"]["name"]
    assert running["metadata"]["labels"]["team"] == "web"
    assert (
        cluster.run("exec", name, "-c", "app", "--", "cat", "/etc/rules/rules", "/scratch/written") == "strictby init"
    )
    states = {status["name"]: status["state"] for status in running["status"]["initContainerStatuses"]}
    assert "running" in states["helper"]
    assert get_json(cluster, "/version") == "1"


@pytest.mark.parametrize(
    ("pod", "named"),
    [
        ({"volumes": [{"name": "host", "hostPath": {"path": "/"}}]}, "hostPath"),
        ({"sidecars": [{"name": "x", "image": "i", "securityContext": {"privileged": True}}]}, "securityContext"),
        ({"labels": {"fastapi-fleet.io/owner-name": "other"}}, "pod.labels"),
        ({"annotations": {"container.apparmor.security.beta.kubernetes.io/app": "unconfined"}}, "pod.annotations"),
        ({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}, "each must name one of pod.volumes"),
        (
            {"sidecars": [{"name": "x", "image": "i", "volumeMounts": [{"name": "none", "mountPath": "/x"}]}]},
            "each of volumeMounts must name one of pod.volumes",
        ),
        ({"volumes": [{"name": "tmp", "emptyDir": {}}]}, "volumes of the operator"),
        ({"volumes": [{"name": "two", "emptyDir": {}, "secret": {"secretName": "a"}}]}, "a volume is one of"),
        ({"sidecars": [{"name": "app", "image": "i"}]}, "name of the service's own container"),
        (
            {"sidecars": [{"name": "x", "image": "i"}], "initContainers": [{"name": "x", "image": "i"}]},
            "has that name",
        ),
    ],
)
def test_addition_that_breaks_a_promise_is_refused_with_the_field(
    shared_cluster: Kubectl, images: Images, pod: dict[str, Any], named: str
) -> None:
    with pytest.raises(KubectlError) as refused:
        shared_cluster.apply(service(images.v1, pod=pod), dry_run=True)
    assert named in refused.value.stderr
