"""URL paths of the Kubernetes API."""

import pytest
from fastapi_fleet.kube import kinds
from fastapi_fleet.kube.kinds import BY_NAME, DEPLOYMENT, FASTAPI_SERVICE, SERVICE, Kind

PATHS = [
    (SERVICE, ("team", "shop"), "/api/v1/namespaces/team/services/shop"),
    (SERVICE, ("team",), "/api/v1/namespaces/team/services"),
    (SERVICE, (), "/api/v1/services"),
    (DEPLOYMENT, ("team", "shop"), "/apis/apps/v1/namespaces/team/deployments/shop"),
    (DEPLOYMENT, (), "/apis/apps/v1/deployments"),
    (
        FASTAPI_SERVICE,
        ("team", "shop", "status"),
        "/apis/fastapi-fleet.io/v1alpha1/namespaces/team/fastapiservices/shop/status",
    ),
]


@pytest.mark.parametrize(("kind", "place", "path"), PATHS)
def test_path_of(kind: Kind, place: tuple[str, ...], path: str) -> None:
    assert kind.path(*place) == path


def test_api_version_of_the_core_group_has_no_group() -> None:
    assert SERVICE.api_version == "v1"
    assert DEPLOYMENT.api_version == "apps/v1"


def test_every_kind_is_found_by_its_name() -> None:
    assert all(kind.name == name for name, kind in BY_NAME.items())
    assert set(BY_NAME.values()) == {kind for kind in vars(kinds).values() if isinstance(kind, Kind)}
