"""kubectl shows what became of a service, once for each turn."""

from eventually import eventually
from fleet import SERVICE, Images, service, start
from kubectl import Kubectl


def told(cluster: Kubectl) -> list[list[str]]:
    """Type and reason of each Event of the service, the oldest first."""
    columns = "jsonpath={range .items[*]}{.type} {.reason}{'\\n'}{end}"
    lines = cluster.run("events", "--for", f"{SERVICE}/hello", "-o", columns).splitlines()
    return [line.split() for line in lines if line]


def test_ready_service_is_told_of_by_kubectl_events_and_describe(cluster: Kubectl, images: Images) -> None:
    start(cluster, service(images.v1))
    eventually(lambda: _assert_told(cluster, [["Normal", "Available"]]), 20)
    described = cluster.run("describe", SERVICE, "hello")
    assert "Available" in described.partition("Events:")[2]


def test_spec_that_cannot_be_run_is_told_of_as_a_warning(cluster: Kubectl, images: Images) -> None:
    cluster.apply(service(images.v1, resources={"requests": {"memory": "1Gi"}, "limits": {"memory": "64Mi"}}))
    eventually(lambda: _assert_told(cluster, [["Warning", "InvalidSpec"]]), 20)


def _assert_told(cluster: Kubectl, expected: list[list[str]]) -> None:
    assert told(cluster) == expected
