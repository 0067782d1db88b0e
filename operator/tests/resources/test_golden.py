"""What each kind of resource is rendered to, word for word.

`pytest --update-golden` writes the files anew; their diff then tells what has changed.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi_fleet.api.defaults_spec import Defaults
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, HTTP_ROUTE
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_platform, parse_service
from fastapi_fleet.resources.canary import TRACK, render_canary, render_canary_service
from fastapi_fleet.resources.manifest import Manifest, Owner
from fastapi_fleet.resources.own_server import OwnServer
from fastapi_fleet.resources.platform_defaults import with_defaults
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.render import ServiceManifests, render_fastapi_service, render_fleet_platform
from fastapi_fleet.resources.route_weights import with_weight
from fastapi_fleet.resources.service_inputs import ServerPeer, ServiceInputs
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord


class PlainDumper(yaml.SafeDumper):
    """Writes what occurs twice twice: an alias is hard to read."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


CASES = sorted((Path(__file__).parent.parent / "data" / "render").iterdir())


def render(given: dict[str, Any]) -> list[Manifest]:
    resource = given["resource"]
    owner = owner_from(resource)
    if resource["kind"] == FASTAPI_SERVICE.name:
        inputs = ServiceInputs(
            credentials=given.get("credentials", {}),
            migration_credentials=given.get("migrationCredentials", {}),
            signing_keys={
                env: SigningKeyRecord.model_validate(told) for env, told in given.get("signingKeys", {}).items()
            },
            referenced=given.get("referenced", {}),
            authorities=tuple(given.get("authorities", ())),
            servers={name: ServerPeer(**server) for name, server in given.get("servers", {}).items()},
            own_server=own_server(given["ownServer"]) if "ownServer" in given else None,
            dependency_ports=given.get("dependencyPorts", {}),
            dependency_extra_ports={name: tuple(ports) for name, ports in given.get("extraPorts", {}).items()},
            callers=tuple(given.get("callers", ())),
            caller_namespaces=tuple(given.get("callerNamespaces", ())),
            served=frozenset(given.get("served", ())),
        )
        spec = with_defaults(parse_service(resource), Defaults.model_validate(given.get("defaults", {})))
        manifests = render_fastapi_service(owner, spec, inputs)
        return [*manifests.all, *rendered_canary(owner, spec, manifests, given)]
    return render_fleet_platform(
        owner,
        parse_platform(resource),
        PlatformInputs(
            given.get("adminPasswords", {}),
            given.get("authorities", {}),
            "fastapi-fleet-system",
            frozenset(given.get("served", ())),
        ),
    )


def rendered_canary(
    owner: Owner, spec: FastAPIServiceSpec, manifests: ServiceManifests, given: dict[str, Any]
) -> list[Manifest]:
    """By pods, or with the weights of an HTTPRoute."""
    if "canaryPods" not in given:
        return []
    if "routeWeight" not in given:
        return [render_canary(owner, manifests.workload, given["canaryPods"], "service")]
    routes = [item for item in manifests.companions if item["kind"] == HTTP_ROUTE.name]
    return [
        render_canary_service(owner, spec),
        *with_weight(routes, spec, given["routeWeight"]),
        render_canary(owner, manifests.workload, given["canaryPods"], TRACK),
    ]


def own_server(platform: dict[str, Any]) -> OwnServer:
    """Of a platform's spec."""
    spec = FleetPlatformSpec.model_validate(platform)
    assert spec.postgres is not None
    return OwnServer(spec.postgres, spec.network_policy, "made-up", "fastapi-fleet-system")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_renders_what_is_expected(case: Path, request: pytest.FixtureRequest) -> None:
    rendered = render(yaml.safe_load((case / "input.yaml").read_text()))
    expected = case / "expected.yaml"
    if request.config.getoption("--update-golden"):
        expected.write_text(yaml.dump_all(rendered, Dumper=PlainDumper, sort_keys=False, width=110))
    assert rendered == list(yaml.safe_load_all(expected.read_text()))


def test_golden_full_service_sets_every_field_of_the_spec() -> None:
    given = yaml.safe_load(
        next(case for case in CASES if case.name == "service-full").joinpath("input.yaml").read_text()
    )
    spec = parse_service(given["resource"])
    assert type(spec).model_fields.keys() - spec.model_fields_set == {"command"}, "command excludes app and workers"


def test_golden_service_on_defaults_meets_every_one_of_them() -> None:
    given = yaml.safe_load(
        next(case for case in CASES if case.name == "service-on-defaults").joinpath("input.yaml").read_text()
    )
    defaults = Defaults.model_validate(given["defaults"])
    for said in (defaults, defaults.network_policy, defaults.ingress, defaults.pod):
        assert said is not None
        assert type(said).model_fields.keys() == said.model_fields_set
