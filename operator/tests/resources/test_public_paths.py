"""What stays inside, and what that depends on."""

import pytest
from fastapi_fleet.api.exposure_spec import Monitoring
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources.public_paths import INTERNAL_PATHS, closed_paths
from support.rendering import rendered_service

CASES: dict[str, tuple[str, list[str], str | None, list[str]]] = {
    "all below the root": ("/", [], None, list(INTERNAL_PATHS)),
    "but what the spec opens": ("/", ["/docs", "/openapi.json"], None, ["/redoc", "/metrics", "/health"]),
    "none below a path beside them": ("/shop", [], None, []),
    "the public path itself": ("/health", [], None, []),
    "with a slash": ("/health/", [], None, []),
    "a path that only begins like it": ("/met", [], None, []),
    "metrics elsewhere": ("/shop", [], "/shop/metrics", ["/shop/metrics"]),
    "metrics elsewhere, opened": ("/shop", ["/metrics"], "/shop/metrics", []),
    "metrics at the root leave the service open": ("/", list(INTERNAL_PATHS), "/", []),
}


@pytest.mark.parametrize(("path", "also_public", "metrics", "closed"), CASES.values(), ids=CASES.keys())
def test_closed(path: str, also_public: list[str], metrics: str | None, closed: list[str]) -> None:
    monitoring = Monitoring(path=metrics) if metrics else None
    assert closed_paths(path, also_public, monitoring) == closed


def test_ingress_that_closes_nothing_needs_no_closed_service() -> None:
    ingress = {"host": "shop.example.org", "alsoPublic": list(INTERNAL_PATHS)}
    opened = rendered_service(FastAPIServiceSpec.model_validate({"image": "i", "ingress": ingress}))
    assert [manifest["metadata"]["name"] for manifest in opened.all if manifest["kind"] == "Service"] == ["shop"]


def test_closed_service_selects_no_pod_of_the_service() -> None:
    spec = FastAPIServiceSpec.model_validate({"image": "i", "ingress": {"host": "shop.example.org"}})
    rendered = rendered_service(spec)
    closed = next(manifest for manifest in rendered.all if manifest["metadata"]["name"] == "shop-closed")
    pod = rendered.workload["spec"]["template"]["metadata"]["labels"]
    assert not closed["spec"]["selector"].items() <= pod.items()


def test_service_monitor_selects_the_service_and_not_the_closed_one() -> None:
    spec = FastAPIServiceSpec.model_validate({"image": "i", "ingress": {"host": "shop.example.org"}})
    manifests = rendered_service(spec, caller_namespaces=("monitoring",)).all
    monitor = next(manifest for manifest in manifests if manifest["kind"] == "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [manifest["metadata"] for manifest in manifests if manifest["kind"] == "Service"]
    assert [metadata["name"] for metadata in services if wanted <= metadata["labels"].items()] == ["shop"]
