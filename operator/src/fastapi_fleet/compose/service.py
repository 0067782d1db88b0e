"""One FastAPIService of one service of the file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fastapi_fleet.api.service_rules import PROVISIONED_VARIABLES
from fastapi_fleet.api.service_spec import MIN_GRACEFUL_SECONDS, SHUTDOWN_MARGIN_SECONDS, Shutdown
from fastapi_fleet.compose.commands import Launch, launch_of
from fastapi_fleet.compose.compute import replicas_of, resources_of
from fastapi_fleet.compose.environment import Variable
from fastapi_fleet.compose.health import probes_of
from fastapi_fleet.compose.leaks import holds_secret
from fastapi_fleet.compose.models import ComposeFile, ComposeService
from fastapi_fleet.compose.mounts import mounts_of
from fastapi_fleet.compose.notes import Notes
from fastapi_fleet.compose.placement import BACKING_FIELDS, Placer
from fastapi_fleet.compose.roles import Role
from fastapi_fleet.compose.secret_book import SecretBook
from fastapi_fleet.compose.surroundings import Surroundings, object_name

DEFAULT_PORT = 8000
_PULL = {"always": "Always", "missing": "IfNotPresent", "if_not_present": "IfNotPresent", "never": "Never"}
_LEAST_STOP = MIN_GRACEFUL_SECONDS + SHUTDOWN_MARGIN_SECONDS
_MOST_STOP = 3600


@dataclass(frozen=True)
class Source:
    """A service of the file, with all that goes into its FastAPIService."""

    name: str
    service: ComposeService
    variables: list[Variable]
    worker: ComposeService | None
    migration: ComposeService | None
    raw: Mapping[str, Any]


class ServiceBuilder:
    """Writes the spec of one service field by field, each with its notes."""

    def __init__(self, source: Source, file: ComposeFile, around: Surroundings, book: SecretBook, notes: Notes) -> None:
        self._source = source
        self._service = source.service
        self._file = file
        self._around = around
        self._notes = notes
        self.placed = Placer(source.name, around, book, notes).place(source.variables)

    def spec(self) -> dict[str, Any]:
        launch = self._launch()
        spec: dict[str, Any] = {
            "image": self._image(),
            "imagePullPolicy": _PULL.get(self._service.pull_policy or ""),
            "app": launch.app,
            "port": self._port(),
            "workers": launch.workers,
            "command": list(launch.command),
            "args": list(launch.args),
            "replicas": replicas_of(self._service),
            "resources": resources_of(self._service),
            **self._of_variables(),
            **self._backing(launch),
            "worker": self._worker(),
            "pod": mounts_of(self._service, self._file, self._around.project, self._notes).as_pod(),
            "probes": probes_of(self._service.healthcheck, self._notes),
            "shutdown": self._shutdown(),
        }
        return {name: value for name, value in spec.items() if value not in (None, {}, []) or name in self._asked()}

    def _asked(self) -> set[str]:
        """Fields that ask for something by being there."""
        return {*self.placed.backing, *({"worker"} if self._source.worker else ())}

    def _image(self) -> str:
        if self._service.image:
            return self._service.image
        image = f"{self._around.project}-{self._source.name}:latest"
        self._notes.to_do(
            f"the image has no name: push what `docker compose build` made as {image}, and set spec.image"
        )
        return image

    def _port(self) -> int | None:
        port = self._around.ports[self._source.name]
        return port if port != DEFAULT_PORT else None

    def _launch(self) -> Launch:
        words = [*(self._service.entrypoint or ()), *(self._service.command or ())]
        if not words:
            self._notes.to_do(
                "the operator starts uvicorn with app.main:app, whatever the image's own command is: set spec.app "
                "where the application is elsewhere"
            )
            return Launch()
        if holds_secret(self._source.raw, words):
            self._notes.at("command").to_do(
                "the command holds a secret and is left out: put the secret into spec.secrets, and write $(NAME) for "
                "it in spec.command"
            )
            return Launch()
        return self._noted(launch_of(words))

    def _noted(self, launch: Launch) -> Launch:
        here = self._notes.at("command")
        if launch.app:
            here.changed(
                "the operator starts uvicorn itself, so that stopping fits the pod's time: see spec.app, spec.args"
            )
            return launch
        if launch.command[0].startswith("-"):
            return replace(launch, command=(), args=launch.command)
        here.to_do("the command is the service's own: see that it listens on spec.port, and ends within spec.shutdown")
        return replace(launch, command=tuple(_escaped(word) for word in launch.command))

    def _of_variables(self) -> dict[str, Any]:
        called = [name for name in self._called() if not self.placed.called.get(name)]
        taken = {*PROVISIONED_VARIABLES.values(), *(variable.name for variable in self._source.variables)}
        services = list(self.placed.services)
        for name in called:
            env = _free(f"{object_name(name)}_URL".upper().replace("-", "_"), taken)
            services.append({"name": object_name(name), "env": env})
            self._notes.changed(
                f"spec.services names {object_name(name)}, so that the network lets calls through, as {env}"
            )
        return {"config": self.placed.config, "secrets": self.placed.secrets, "services": services}

    def _called(self) -> list[str]:
        apps = [name for name in self._needed() if self._around.role(name) is Role.APP]
        return list(dict.fromkeys([*self.placed.called, *apps]))

    def _needed(self) -> list[str]:
        linked = [link.partition(":")[0] for link in self._service.links]
        return [name for name in dict.fromkeys([*self._service.depends_on, *linked]) if name in self._around.parts]

    def _backing(self, launch: Launch) -> dict[str, Any]:
        for name in self._needed():
            self._depend(name)
        backing: dict[str, Any] = {name: {} for name in sorted(self.placed.backing)}
        command = launch.before or tuple(self._migration_words())
        if command and "database" in backing:
            backing["database"] = {"migrations": {"command": [_escaped(word) for word in command]}}
        elif command:
            self._notes.left_out(
                f"{command[0]}: what runs before a service is spec.database.migrations, and there is no database"
            )
        if "broker" in backing:
            self._notes.to_do(
                "list the event types in spec.broker.publishes and spec.broker.consumes: the service may do nothing "
                "else, and its queues begin with its name"
            )
        return backing

    def _depend(self, name: str) -> None:
        """A service that waits for a server uses it, unless its variables say that it uses another."""
        field = BACKING_FIELDS.get(self._around.role(name))
        if field and PROVISIONED_VARIABLES[field] not in self.placed.names:
            self.placed.backing.add(field)

    def _migration_words(self) -> list[str]:
        migration = self._source.migration
        return [*(migration.entrypoint or ()), *(migration.command or ())] if migration else []

    def _worker(self) -> dict[str, Any] | None:
        worker = self._source.worker
        if worker is None:
            return None
        fields = {
            "command": [_escaped(word) for word in (*(worker.entrypoint or ()), *(worker.command or ()))],
            "replicas": replicas_of(worker),
            "resources": resources_of(worker),
        }
        return {name: value for name, value in fields.items() if value not in (None, {}, [])}

    def _shutdown(self) -> dict[str, int] | None:
        stop, usual = self._service.stop_grace_period, Shutdown()
        if stop is None or stop == usual.grace_period_seconds:
            return None
        grace = min(max(stop, _LEAST_STOP), _MOST_STOP)
        drain = min(usual.drain_seconds, grace - _LEAST_STOP)
        return {"gracePeriodSeconds": grace} | ({"drainSeconds": drain} if drain != usual.drain_seconds else {})


def main_port(service: ComposeService, asked: int | None) -> int:
    """The port for HTTP: what the health check asks, what the command says, or the first that is published."""
    words = [*(service.entrypoint or ()), *(service.command or ())]
    published = [port.target for port in service.ports if port.protocol == "tcp"]
    exposed = [int(text) for text in service.expose if text.isdecimal()]
    said = launch_of(words).port if words else None
    settings = [service.environment.get(name) or "" for name in ("UVICORN_PORT", "PORT")]
    named = [int(text) for text in settings if text.isdecimal()]
    return next(iter(port for port in (asked, said, *named, *published, *exposed, DEFAULT_PORT) if port))


def _free(wanted: str, taken: set[str]) -> str:
    return wanted if wanted not in taken else f"{wanted.removesuffix('_URL')}_SERVICE_URL"


def _escaped(word: str) -> str:
    """Kubernetes replaces $(NAME) in commands; Compose does not."""
    return word.replace("$(", "$$(")
