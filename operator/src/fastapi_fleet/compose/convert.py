"""The conversion as a whole."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.compose.document import Document, read_document
from fastapi_fleet.compose.environment import ReadFile, Variable, variables_of
from fastapi_fleet.compose.failure import ComposeError, Problem
from fastapi_fleet.compose.health import asked_port
from fastapi_fleet.compose.left_out import note_keys_of_file, note_keys_of_service
from fastapi_fleet.compose.models import ComposeFile
from fastapi_fleet.compose.mounts import file_notes
from fastapi_fleet.compose.notes import Note, Notes, dotted
from fastapi_fleet.compose.platform import platform_spec
from fastapi_fleet.compose.published import extra_ports
from fastapi_fleet.compose.roles import Role, roles_of
from fastapi_fleet.compose.secret_book import SecretBook
from fastapi_fleet.compose.secret_names import is_secret_name
from fastapi_fleet.compose.service import ServiceBuilder, Source, main_port
from fastapi_fleet.compose.surroundings import Surroundings, object_name
from fastapi_fleet.constants import API_VERSION


@dataclass(frozen=True)
class Given:
    """What the file itself does not hold."""

    project: str
    """Name of the project where the file states none, as Compose takes it from the folder."""
    variables: Mapping[str, str]
    read: ReadFile
    profiles: Collection[str] = ()
    skipped: Collection[str] = ()


@dataclass(frozen=True)
class Conversion:
    objects: list[dict[str, Any]]
    notes: list[Note]


def convert(text: str, given: Given) -> Conversion:
    """Raises ComposeError with every problem of the file, or where nothing in it is a FastAPI service."""
    document = read_document(text, given.variables)
    file = _parsed(document)
    return _Converter(document, file, given).conversion()


class _Converter:
    def __init__(self, document: Document, file: ComposeFile, given: Given) -> None:
        self._document = document
        self._file = file
        self._given = given
        self._notes = Notes(document.line_of)
        parts = roles_of(file.services, profiles=given.profiles, skipped=given.skipped)
        ports = {name: main_port(service, asked_port(service.healthcheck)) for name, service in file.services.items()}
        self._around = Surroundings(object_name(file.name or given.project), file.services, parts, ports)
        self._book = SecretBook(f"{self._around.project}-env")

    def conversion(self) -> Conversion:
        apps = self._around.named(Role.APP)
        if not apps:
            raise ComposeError([Problem("services", None, "none of the services is one that FastAPI could be behind")])
        self._note_rest()
        builders = {name: self._builder(name) for name in apps}
        specs = {name: builder.spec() for name, builder in builders.items()}
        self._add_ports(specs, builders)
        self._note_shared(builders)
        self._note_files()
        objects = self._objects(specs)
        return Conversion(objects, sorted(self._notes.written, key=lambda note: note.line or sys.maxsize))

    def _at(self, name: str) -> Notes:
        return self._notes.at("services", name)

    def _builder(self, name: str) -> ServiceBuilder:
        parts = self._around.parts
        beside = {part.role: self._file.services[other] for other, part in parts.items() if part.of == name}
        source = Source(
            name=name,
            service=self._file.services[name],
            variables=self._variables(name),
            worker=beside.get(Role.WORKER),
            migration=beside.get(Role.MIGRATION),
            raw=self._document.raw["services"][name] or {},
        )
        return ServiceBuilder(source, self._file, self._around, self._book, self._at(name))

    def _variables(self, name: str) -> list[Variable]:
        """Those of a worker and of a migration come with their service's: all run with the same."""
        found = {variable.name: variable for variable in self._own_variables(name)}
        for other in (other for other, part in self._around.parts.items() if part.of == name):
            here = self._at(other).at("environment")
            for variable in self._own_variables(other):
                if variable.name not in found:
                    found[variable.name] = variable
                    here.changed(f"{variable.name}: {name} has it, too, for both have the same variables")
                elif found[variable.name].value != variable.value:
                    here.left_out(f"{variable.name}: {name} has another value, and both have the same variables")
        return list(found.values())

    def _own_variables(self, name: str) -> list[Variable]:
        raw = self._document.raw["services"][name] or {}
        service = self._file.services[name]
        return variables_of(service, raw, self._given.read, self._given.variables, self._at(name))

    def _note_rest(self) -> None:
        note_keys_of_file(self._document.data, self._notes)
        for path, name in self._document.unset:
            if not is_secret_name(name) and self._is_carried(path):
                self._notes.at(*path).to_do(f"the variable {name} has no value and is taken for empty: --set {name}=…")
        for name, part in self._around.parts.items():
            here = self._at(name)
            if part.role is Role.LEFT_OUT:
                here.left_out(part.reason)
            elif part.role in (Role.WORKER, Role.MIGRATION):
                field = "worker" if part.role is Role.WORKER else "database.migrations"
                here.changed(f"is spec.{field} of {part.of}, whose image it has")
            if part.role in (Role.APP, Role.WORKER, Role.MIGRATION):
                note_keys_of_service(self._document.data["services"][name] or {}, here)
            if part.role is Role.APP and object_name(name) != name:
                here.changed(f"is {object_name(name)} in the cluster: names have lower-case letters, digits and -")
        if {*self._file.networks} - {"default"}:
            self._notes.at("networks").left_out(
                "the operator closes the network: a service is reached by those that name it in spec.services, "
                "and by what spec.networkPolicy says"
            )

    def _is_carried(self, path: tuple[str | int, ...]) -> bool:
        of_service = len(path) > 1 and path[0] == "services"
        return not of_service or self._around.role(str(path[1])) is not Role.LEFT_OUT

    def _note_shared(self, builders: Mapping[str, ServiceBuilder]) -> None:
        """Two services on one database of the file: each FastAPIService has one of its own."""
        first: dict[str, str] = {}
        for name, builder in builders.items():
            for database in builder.placed.databases:
                if first.setdefault(database, name) != name:
                    self._at(name).to_do(
                        f"used the same database as {first[database]}; each FastAPIService has one of its own. Let one "
                        "of them own the data, and the other call it"
                    )

    def _add_ports(self, specs: Mapping[str, dict[str, Any]], builders: Mapping[str, ServiceBuilder]) -> None:
        for name, spec in specs.items():
            called = [
                (port, "grpc" if "GRPC" in variable.upper() else f"port-{port}")
                for builder in builders.values()
                for service, port, variable in builder.placed.ports
                if service == name
            ]
            if extra := extra_ports(self._file.services[name], self._around.ports[name], called, self._at(name)):
                spec["extraPorts"] = extra

    def _note_files(self) -> None:
        apps = self._around.named(Role.APP)
        file_notes(self._file, [self._file.services[name] for name in apps], self._around.project, self._notes)
        if self._book.keys:
            literals = " ".join(f"--from-literal={key}=…" for key in self._book.keys)
            self._notes.to_do(
                f"make the Secret that the services read: kubectl create secret generic {self._book.name} {literals}"
            )

    def _objects(self, specs: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        platform = platform_spec(self._around, self._document.data["services"], self._notes)
        objects = (
            [self._object("FleetPlatform", "default", platform, FleetPlatformSpec, "services")] if platform else []
        )
        names = [object_name(name) for name in specs]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ComposeError([Problem("services", None, f"two services would both be {min(twice)}: rename one")])
        return objects + [
            self._object("FastAPIService", object_name(name), spec, FastAPIServiceSpec, f"services.{name}")
            for name, spec in specs.items()
        ]

    def _object(self, kind: str, name: str, spec: dict[str, Any], model: type[BaseModel], place: str) -> dict[str, Any]:
        """What the API would refuse is told here, with its place in the file."""
        try:
            model.model_validate(spec)
        except ValidationError as error:
            raise ComposeError(
                Problem(
                    place,
                    None,
                    f"spec.{'.'.join(str(part) for part in one['loc'])} of {kind} {name}: {_said(one['msg'])}",
                )
                for one in error.errors(include_input=False, include_url=False)
            ) from None
        names = [field.alias or name for name, field in model.model_fields.items()]
        ordered = {field: spec[field] for field in names if field in spec}
        return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": ordered}


def _parsed(document: Document) -> ComposeFile:
    try:
        return ComposeFile.model_validate(document.data)
    except ValidationError as error:
        raise ComposeError(
            Problem(dotted(one["loc"]), document.line_of(one["loc"]), _said(one["msg"]))
            for one in error.errors(include_input=False, include_url=False)
        ) from None


def _said(message: str) -> str:
    """The message of a validator of our own, without pydantic's word before it."""
    return message.removeprefix("Value error, ")
