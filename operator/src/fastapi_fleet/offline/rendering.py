"""What the operator would apply for the resources of some files, by its own code."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, SECRET, Object
from fastapi_fleet.offline.world import World
from fastapi_fleet.reconcile.credentials import signing_key
from fastapi_fleet.reconcile.on_platform import on_platform
from fastapi_fleet.reconcile.ownership import owner_from
from fastapi_fleet.reconcile.parse import parse_platform, parse_service
from fastapi_fleet.reconcile.service_plan import plan_service
from fastapi_fleet.resources.manifest import Manifest
from fastapi_fleet.resources.platform_inputs import PlatformInputs
from fastapi_fleet.resources.render import render_fleet_platform
from fastapi_fleet.resources.secret import decode

GENERATED: Final = "GENERATED"
"""Stands for every value that the operator would make by chance."""


_GENERATED_KEY: Final = signing_key(GENERATED)
"""Looks like a key that nobody knows, and is one that everybody can make."""


@dataclass(frozen=True)
class ClusterSettings:
    """What is not in the files: see the operator's settings of these names. `without`: optional kinds not there."""

    namespace: str = "default"
    without: Sequence[str] = ()
    caller_namespaces: Sequence[str] = ()
    operator_namespace: str = "fastapi-fleet-system"


@dataclass(frozen=True)
class Rendered:
    """`assumptions`: what was taken for granted because no file says."""

    manifests: tuple[Manifest, ...]
    assumptions: tuple[str, ...]


def render(resources: Iterable[Object], settings: ClusterSettings) -> Rendered:
    """Of valid resources, platforms first, each in the order in which a pass writes. Raises InvalidSpecError."""
    world = World(resources, namespace=settings.namespace, without=settings.without)
    manifests = [
        *(
            manifest
            for platform in world.of_kind(FLEET_PLATFORM.name)
            for manifest in _platform(platform, world, settings)
        ),
        *(
            manifest
            for service in world.of_kind(FASTAPI_SERVICE.name)
            for manifest in _service(service, world, settings)
        ),
    ]
    return Rendered(tuple(_readable(manifest) for manifest in manifests), tuple(dict.fromkeys(world.assumptions)))


def _platform(resource: Object, world: World, settings: ClusterSettings) -> list[Manifest]:
    passwords = dict.fromkeys(("postgres", "rabbitmq"), GENERATED)
    inputs = PlatformInputs(passwords, {}, settings.operator_namespace, world.cache.served)
    return render_fleet_platform(owner_from(resource), parse_platform(resource), inputs)


def _service(resource: Object, world: World, settings: ClusterSettings) -> Iterator[Manifest]:
    owner = owner_from(resource)
    spec = on_platform(owner, parse_service(resource), world.cache)
    if spec.rollout.rollback_to is not None:
        world.assumptions.append(
            f"FastAPIService {owner.namespace}/{owner.name} is not rolled back: "
            "what spec.rollout.rollbackTo names is kept in the cluster alone"
        )
    plan = plan_service(
        owner,
        spec,
        world.observe(owner, spec),
        cache=world.cache,
        generate=lambda: GENERATED,
        operator_namespace=settings.operator_namespace,
        caller_namespaces=tuple(settings.caller_namespaces),
    )
    yield from plan.manifests.all


def _readable(manifest: Manifest) -> Manifest:
    """A Secret with its words as they are; none of them is secret, for none is real."""
    if manifest["kind"] != SECRET.name:
        return manifest
    values = {key: GENERATED if value == _GENERATED_KEY else value for key, value in decode(manifest).items()}
    return {name: part for name, part in manifest.items() if name != "data"} | {"stringData": values}
