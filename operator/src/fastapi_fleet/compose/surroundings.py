"""What the conversion of one service has to know of the others."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fastapi_fleet.compose.models import ComposeService
from fastapi_fleet.compose.roles import Part, Role

_NAME_LIMIT = 50


@dataclass(frozen=True)
class Surroundings:
    project: str
    services: Mapping[str, ComposeService]
    parts: Mapping[str, Part]
    ports: Mapping[str, int]
    """The HTTP port of each service that becomes a FastAPIService."""
    hosts: Mapping[str, str] = field(init=False)
    """The service behind each host name of the file."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "hosts", dict(_hosts(self.services)))

    def role(self, service: str) -> Role:
        return self.parts[service].role

    def named(self, role: Role) -> list[str]:
        return [name for name, part in self.parts.items() if part.role is role]


def object_name(name: str) -> str:
    """A name of the file as one of Kubernetes: user_service is user-service there."""
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")[:_NAME_LIMIT].strip("-")
    return plain if plain[:1].isalpha() else f"app-{plain}".strip("-")


def _hosts(services: Mapping[str, ComposeService]) -> Iterator[tuple[str, str]]:
    """Names of services come last: they count before another's alias."""
    for name, service in services.items():
        yield from ((host, name) for host in (service.container_name, service.hostname) if host)
        for attachment in service.networks.values():
            yield from ((alias, name) for alias in (attachment.aliases if attachment else ()))
    for service in services.values():
        for link in service.links:
            linked, _, alias = link.partition(":")
            if linked in services:
                yield alias or linked, linked
    yield from ((name, name) for name in services)
