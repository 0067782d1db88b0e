"""Where each variable of a service goes: config, secrets, services, or to the backing service that replaces it."""

import re
from dataclasses import dataclass, field

from fastapi_fleet.api.service_rules import PROVISIONED_VARIABLES
from fastapi_fleet.compose.addresses import Address, address_in, is_of_same_server
from fastapi_fleet.compose.environment import Variable
from fastapi_fleet.compose.notes import Notes
from fastapi_fleet.compose.roles import Role
from fastapi_fleet.compose.secret_book import SecretBook
from fastapi_fleet.compose.surroundings import Surroundings, object_name

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,252}")
_LONGEST = 4096
BACKING_FIELDS = {Role.DATABASE: "database", Role.BROKER: "broker"}
_HTTP_PORTS = {"http": 80, "https": 443}


@dataclass
class Placed:
    """The fields of a spec that variables lead to, and what they demand of others."""

    config: dict[str, str] = field(default_factory=dict)
    secrets: list[dict[str, str]] = field(default_factory=list)
    services: list[dict[str, str]] = field(default_factory=list)
    backing: set[str] = field(default_factory=set)
    """Those of database and broker that variables led to."""
    databases: list[str] = field(default_factory=list)
    """Each database that a variable names, with its server."""
    called: dict[str, str] = field(default_factory=dict)
    """Services that are called, each with the variable that says so."""
    ports: list[tuple[str, int, str]] = field(default_factory=list)
    """Ports of other services that are called beside the one for HTTP, with the variable that says so."""

    @property
    def names(self) -> set[str]:
        return {*self.config, *(item["env"] for item in (*self.secrets, *self.services))}


class Placer:
    def __init__(self, service: str, around: Surroundings, book: SecretBook, notes: Notes) -> None:
        self._service = service
        self._around = around
        self._book = book
        self._notes = notes
        self._placed = Placed()

    def place(self, variables: list[Variable]) -> Placed:
        waiting = {variable.name: variable for variable in variables}
        for variable in variables:
            if variable.name in waiting and self._server_of(variable) is not None:
                for other in [name for name in waiting if is_of_same_server(name, variable.name)]:
                    self._at(waiting.pop(other)).left_out(f"{other} goes with {variable.name}")
        for variable in waiting.values():
            self._one(variable)
        for fieldname, name in PROVISIONED_VARIABLES.items():
            self._give_way(fieldname, name)
        return self._placed

    def _at(self, variable: Variable) -> Notes:
        return self._notes.at(*variable.path)

    def _server_of(self, variable: Variable) -> str | None:
        """The service behind a variable's address, where none of the FastAPIServices is it."""
        service = self._target(variable)[1]
        return None if service is None or self._around.role(service) is Role.APP else service

    def _target(self, variable: Variable) -> tuple[Address | None, str | None]:
        address = address_in(variable.name, variable.value)
        return address, self._around.hosts.get(address.host) if address else None

    def _one(self, variable: Variable) -> None:
        if not _ENV_NAME.fullmatch(variable.name):
            self._at(variable).left_out(f"{variable.name} is not a name of letters, digits and _")
            return
        address, service = self._target(variable)
        if address is None or service is None:
            self._plain(variable)
        elif self._around.role(service) in BACKING_FIELDS:
            self._backed(variable, address, service)
        elif self._around.role(service) is Role.APP:
            self._call(variable, address, service)
        else:
            self._at(variable).left_out(
                f"{variable.name} points to {service}, which is not carried over: set it where there is one"
            )

    def _plain(self, variable: Variable) -> None:
        if variable.is_secret and (variable.value or variable.made_of):
            self._placed.secrets.append(self._book.reference(self._service, variable))
        elif len(variable.value) > _LONGEST:
            self._at(variable).left_out(
                f"{variable.name} is longer than {_LONGEST} characters: mount a file by spec.pod"
            )
        else:
            self._placed.config[variable.name] = variable.value

    def _backed(self, variable: Variable, address: Address, service: str) -> None:
        fieldname = BACKING_FIELDS[self._around.role(service)]
        provided = PROVISIONED_VARIABLES[fieldname]
        self._placed.backing.add(fieldname)
        if fieldname == "database" and address.rest:
            self._placed.databases.append(f"{service}{address.rest.partition('?')[0]}")
        if variable.name != provided:
            self._at(variable).to_do(
                f"{variable.name} is left out: spec.{fieldname} gives the address as {provided}, with a login of the "
                "service's own. Read that one in the settings of the service"
            )
        elif "+" in address.scheme:
            plain = address.scheme.partition("+")[0]
            self._at(variable).to_do(
                f"the {provided} that the operator gives begins with {plain}://, not with {address.scheme}://: "
                "put the driver in by the settings of the service"
            )

    def _call(self, variable: Variable, address: Address, service: str) -> None:
        port = address.port or _HTTP_PORTS.get(address.scheme)
        is_main = port == self._around.ports[service]
        if variable.is_secret:
            self._placed.called.setdefault(service, "")
            self._plain(variable)
        elif service == self._service:
            self._placed.config[variable.name] = self._renamed(variable, address, service)
        elif is_main and address.scheme == "http" and address.rest in ("", "/"):
            self._placed.services.append({"name": object_name(service), "env": variable.name})
            self._placed.called.setdefault(service, variable.name)
        else:
            self._placed.called.setdefault(service, "")
            self._placed.config[variable.name] = self._renamed(variable, address, service)
            if port is not None and not is_main:
                self._placed.ports.append((service, port, variable.name))

    def _renamed(self, variable: Variable, address: Address, service: str) -> str:
        host = object_name(service)
        if address.host == host:
            return variable.value
        self._at(variable).changed(f"{variable.name}: {address.host} is {host} in the cluster")
        return variable.value.replace(address.host, host, 1)

    def _give_way(self, fieldname: str, name: str) -> None:
        """A variable that the operator sets has no other source."""
        if fieldname not in self._placed.backing or name not in self._placed.names:
            return
        self._placed.config.pop(name, None)
        self._placed.secrets = [item for item in self._placed.secrets if item["env"] != name]
        self._placed.services = [item for item in self._placed.services if item["env"] != name]
        self._notes.at("environment").left_out(f"{name} is what spec.{fieldname} gives; the file's own value is lost")
