"""What each service of a Compose file is to become."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from fastapi_fleet.compose import images
from fastapi_fleet.compose.models import ComposeService


class Role(Enum):
    APP = auto()
    """A FastAPIService."""
    WORKER = auto()
    """spec.worker of the FastAPIService of the same image."""
    MIGRATION = auto()
    """spec.database.migrations of the FastAPIService of the same image."""
    DATABASE = auto()
    BROKER = auto()
    LEFT_OUT = auto()


@dataclass(frozen=True)
class Part:
    """A role. `of`: the service that a worker or a migration goes into."""

    role: Role
    of: str = ""
    reason: str = ""


_FRONTEND_NAME = re.compile(r"(^|[-_])front(-?end)?([-_]|$)")
_FRONTEND_SETTING = re.compile(r"^(VITE|NEXT_PUBLIC|REACT_APP|NUXT)_")
_DATABASE_NAME = re.compile(r"^(db|database|postgres|postgresql|pg)$|[-_](db|postgres)$")
_IS_FRONTEND = (
    "a front end is no FastAPI service: serve its files by a Deployment of its own or from an object store, "
    "and both under one address by spec.ingress.path"
)
_SERVER = re.compile(r"\b(uvicorn|gunicorn|hypercorn|granian|daphne|fastapi)\b")
_IS_TOOL = re.compile(r"\b(flower|pgadmin|locust|jupyter)\b")
_SECOND_WORKER = "has a worker already, and a FastAPIService has one: run it as a Deployment of its own"


def roles_of(
    services: Mapping[str, ComposeService], *, profiles: Collection[str], skipped: Collection[str]
) -> dict[str, Part]:
    """Every service of the file with what it becomes."""
    parts = {name: _alone(name, service, profiles, skipped) for name, service in services.items()}
    for name, service in services.items():
        if parts[name].role is Role.APP:
            parts[name] = _beside(name, service, services, parts)
    return parts


def _alone(name: str, service: ComposeService, profiles: Collection[str], skipped: Collection[str]) -> Part:
    if name in skipped:
        return Part(Role.LEFT_OUT, reason="skipped, as --skip says")
    if service.profiles and not {*service.profiles, "*"} & {*profiles}:
        return Part(Role.LEFT_OUT, reason=f"its profile is off: --profile {service.profiles[0]} turns it on")
    return _by_image(service) or _by_content(name, service) or Part(Role.APP)


def _by_image(service: ComposeService) -> Part | None:
    base = images.base_name(service.image or "")
    if base in images.POSTGRES:
        return Part(Role.DATABASE)
    if base == images.RABBITMQ:
        return Part(Role.BROKER)
    reason = images.REASONS.get(base)
    return Part(Role.LEFT_OUT, reason=reason) if reason else None


def _by_content(name: str, service: ComposeService) -> Part | None:
    settings = {*service.environment, *(service.build.args if service.build else ())}
    if _DATABASE_NAME.search(name) and "POSTGRES_PASSWORD" in settings:
        return Part(Role.DATABASE)
    if _FRONTEND_NAME.search(name) or any(_FRONTEND_SETTING.match(setting) for setting in settings):
        return Part(Role.LEFT_OUT, reason=_IS_FRONTEND)
    if _IS_TOOL.search(" ".join(service.command or ())):
        return Part(Role.LEFT_OUT, reason=images.REASONS["flower"])
    return None


def _beside(
    name: str, service: ComposeService, services: Mapping[str, ComposeService], parts: Mapping[str, Part]
) -> Part:
    """A service that serves nothing itself belongs to the one of the same image that does."""
    is_waited_for = _is_waited_for(name, services)
    siblings = [other for other in services if other != name and parts[other].role is Role.APP]
    mains = (
        other for other in siblings if _same_image(service, services[other]) and not _is_waited_for(other, services)
    )
    main = next((other for other in mains if is_waited_for or _goes_with(service, services[other])), None)
    if main is None:
        return Part(Role.APP)
    if is_waited_for:
        return Part(Role.MIGRATION, of=main)
    if any(part.role is Role.WORKER and part.of == main for part in parts.values()):
        return Part(Role.LEFT_OUT, reason=f"{main} {_SECOND_WORKER}")
    return Part(Role.WORKER, of=main)


def _goes_with(service: ComposeService, main: ComposeService) -> bool:
    has_own_command = bool(service.command or service.entrypoint)
    return has_own_command and not _serves(service) and (_serves(main) or not main.command)


def _serves(service: ComposeService) -> bool:
    asked = " ".join(service.healthcheck.test) if service.healthcheck else ""
    command = " ".join((*(service.entrypoint or ()), *(service.command or ())))
    return bool(service.ports or service.expose or "http://" in asked or _SERVER.search(command))


def _same_image(one: ComposeService, other: ComposeService) -> bool:
    """Whether both run the same code. The name of an image counts before what it is built of."""
    if one.image and other.image:
        return one.image == other.image
    return one.build is not None and one.build == other.build


def _is_waited_for(name: str, services: Mapping[str, ComposeService]) -> bool:
    waits = (service.depends_on.get(name) for service in services.values())
    return any(wait is not None and wait.condition == "service_completed_successfully" for wait in waits)
