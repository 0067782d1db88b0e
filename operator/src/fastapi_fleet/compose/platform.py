"""The FleetPlatform of the file's servers."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi_fleet.compose import images
from fastapi_fleet.compose.compute import resources_of
from fastapi_fleet.compose.left_out import SATISFIED
from fastapi_fleet.compose.models import ComposeService
from fastapi_fleet.compose.notes import Notes
from fastapi_fleet.compose.roles import Role
from fastapi_fleet.compose.surroundings import Surroundings

_CONNECTIONS = re.compile(r"max_connections\s*=\s*(\d+)")
_SCRIPTS = "/docker-entrypoint-initdb.d"
_TOLD = (
    SATISFIED
    | {"image", "build", "command", "environment", "env_file", "volumes", "ports", "expose", "deploy"}
    | {
        "healthcheck",
        "depends_on",
        "networks",
        "container_name",
        "hostname",
        "stop_grace_period",
        "profiles",
        "tmpfs",
        "user",
        "labels",
        "logging",
    }
)
_OWN_PART = {"postgres": "database", "rabbitmq": "login"}
_TARGETS = {
    Role.DATABASE: "its data is not moved: copy each database by pg_dump and psql once the services have theirs",
    Role.BROKER: "its queues are not moved: let services empty them before the change",
}


def platform_spec(around: Surroundings, data: Mapping[str, Any], notes: Notes) -> dict[str, Any]:
    """Empty where the file has no server that a platform provides. `data`: the services as the file has them."""
    spec: dict[str, Any] = {}
    for role, field, build in ((Role.DATABASE, "postgres", _postgres), (Role.BROKER, "rabbitmq", _rabbitmq)):
        servers = {name: around.services[name] for name in around.named(role)}
        for name, server in servers.items():
            spec.setdefault(field, build(server, notes.at("services", name)))
            _note_server(server, data[name] or {}, role, notes.at("services", name))
        _note_others(servers, field, notes)
    return spec


def _postgres(server: ComposeService, notes: Notes) -> dict[str, Any]:
    spec: dict[str, Any] = {"mode": "Embedded"}
    if server.image and images.base_name(server.image) in images.LIKE_POSTGRES:
        spec["image"] = server.image
    else:
        notes.at("image").to_do("the embedded server takes an image that keeps the contract of the official postgres")
    connections = _CONNECTIONS.search(" ".join(server.command or ()))
    if connections:
        spec["maxConnections"] = int(connections[1])
    if server.command:
        notes.at("command").left_out(
            "the embedded server has its own command, of which spec.postgres.maxConnections can be set"
        )
    return spec | _resources(server)


def _rabbitmq(server: ComposeService, notes: Notes) -> dict[str, Any]:
    image = server.image or ""
    wanted = images.with_management(image)
    if wanted != image:
        notes.at("image").changed(f"the image is {wanted}: the operator makes users by the management plugin")
    elif "management" not in image:
        notes.at("image").to_do(
            "the operator makes users by the management plugin: see that the image has it turned on"
        )
    return {"mode": "Embedded", "image": wanted} | _resources(server)


def _resources(server: ComposeService) -> dict[str, Any]:
    resources = resources_of(server)
    return {"resources": resources} if resources else {}


def _note_server(server: ComposeService, data: Mapping[str, Any], role: Role, notes: Notes) -> None:
    notes.changed("is a server of the FleetPlatform, embedded, for development; spec.*.mode has others for production")
    own = [key for key in data if key not in _TOLD and not key.startswith("x-")]
    if own:
        notes.left_out(f"{', '.join(own)}: the embedded server has settings of its own")
    if server.environment or server.env_file:
        notes.at("environment" if server.environment else "env_file").left_out(
            "the operator makes a login with a password of its own for each service"
        )
    for at, mount in enumerate(server.volumes):
        if mount.target.startswith(_SCRIPTS):
            notes.at("volumes", at).left_out("scripts for an empty server: what they make belongs in migrations")
        else:
            notes.at("volumes", at).left_out(_TARGETS[role])
    if server.ports:
        notes.at("ports").left_out("the server is reached from inside; kubectl port-forward reaches it from outside")


def _note_others(servers: Mapping[str, ComposeService], field: str, notes: Notes) -> None:
    if len(servers) > 1:
        first, *others = servers
        for name in others:
            differs = servers[name].image != servers[first].image
            notes.at("services", name).changed(
                f"shares the server of {first}, with a {_OWN_PART[field]} for each service"
                + (f"; its image was {servers[name].image}" if differs else "")
            )
