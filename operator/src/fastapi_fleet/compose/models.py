"""What is read of a Compose file. Keys that are not here are told of by left_out.py, and refuse nothing."""

import shlex
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from fastapi_fleet.compose import units
from fastapi_fleet.compose.ports import expand_ports


def _plain(value: object) -> object:
    """A scalar as the text that a container would see."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _words(value: object) -> object:
    return shlex.split(value) if isinstance(value, str) else value


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def as_variables(value: object) -> object:
    """Variables by name, from a mapping or from a list of NAME=value; None where the file gives no value."""
    if not isinstance(value, list):
        return value
    pairs = (str(item).partition("=") for item in value)
    return {name.strip(): text if equals else None for name, equals, text in pairs}


def _by_name(value: object) -> object:
    return dict.fromkeys(value) if isinstance(value, list) else value


def _each(key: str) -> Callable[[object], object]:
    """A list, of which an item may be the text that is its `key`."""

    def expand(value: object) -> object:
        return [{key: item} if isinstance(item, str) else item for item in value] if isinstance(value, list) else value

    return expand


def _shell(value: object) -> object:
    return ["CMD-SHELL", value] if isinstance(value, str) else value


def _context(value: object) -> object:
    return {"context": value} if isinstance(value, str) else value


def _measure(convert: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(lambda value: convert(str(value)))


Text = Annotated[str, BeforeValidator(_plain)]
Words = Annotated[list[Text], BeforeValidator(_words)]
Duration = Annotated[int, _measure(units.seconds)]
Memory = Annotated[str, _measure(units.memory)]
Cpu = Annotated[str, _measure(units.cpu)]


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, value: object) -> object:
        """`deploy:` without anything is as if it were not there."""
        return {name: part for name, part in value.items() if part is not None} if isinstance(value, dict) else value


class Build(Part):
    context: Text = "."
    dockerfile: Text | None = None
    target: Text | None = None
    args: Annotated[dict[str, Text | None], BeforeValidator(as_variables)] = {}


class EnvFile(Part):
    path: str
    required: bool = True


class Port(Part):
    target: int = Field(ge=1, le=65535)
    published: Text | None = None
    protocol: str = "tcp"


class Dependency(Part):
    condition: str = "service_started"


class Healthcheck(Part):
    test: Annotated[list[Text], BeforeValidator(_shell)] = []
    interval: Duration | None = None
    timeout: Duration | None = None
    retries: int | None = None
    start_period: Duration | None = None
    disable: bool = False


class Amounts(Part):
    cpus: Cpu | None = None
    memory: Memory | None = None


class DeployResources(Part):
    limits: Amounts = Amounts()
    reservations: Amounts = Amounts()


class Deploy(Part):
    replicas: int | None = None
    resources: DeployResources = DeployResources()


class Mount(Part):
    type: str = "volume"
    source: str | None = None
    target: str


def _mount(value: object) -> object:
    if not isinstance(value, str):
        return value
    source, colon, rest = value.partition(":")
    if not colon:
        return {"target": source}
    is_path = source.startswith(("/", ".", "~"))
    return {"type": "bind" if is_path else "volume", "source": source, "target": rest.split(":")[0]}


class FileUse(Part):
    """That a service takes one of the file's secrets or configs."""

    source: str
    target: str | None = None


class Attachment(Part):
    aliases: list[str] = []


class ComposeService(Part):
    image: Text | None = None
    build: Annotated[Build | None, BeforeValidator(_context)] = None
    command: Words | None = None
    entrypoint: Words | None = None
    environment: Annotated[dict[str, Text | None], BeforeValidator(as_variables)] = {}
    env_file: Annotated[list[EnvFile], BeforeValidator(lambda value: _each("path")(_listed(value)))] = []
    ports: Annotated[list[Port], BeforeValidator(expand_ports)] = []
    expose: list[Text] = []
    depends_on: Annotated[dict[str, Dependency | None], BeforeValidator(_by_name)] = {}
    links: list[str] = []
    healthcheck: Healthcheck | None = None
    deploy: Deploy = Deploy()
    scale: int | None = None
    cpus: Cpu | None = None
    mem_limit: Memory | None = None
    mem_reservation: Memory | None = None
    volumes: list[Annotated[Mount, BeforeValidator(_mount)]] = []
    tmpfs: Annotated[list[str], BeforeValidator(_listed)] = []
    secrets: Annotated[list[FileUse], BeforeValidator(_each("source"))] = []
    configs: Annotated[list[FileUse], BeforeValidator(_each("source"))] = []
    networks: Annotated[dict[str, Attachment | None], BeforeValidator(_by_name)] = {}
    container_name: Text | None = None
    hostname: Text | None = None
    profiles: list[str] = []
    stop_grace_period: Duration | None = None
    pull_policy: str | None = None


class FileSource(Part):
    """Where the content of a secret or config comes from."""

    file: str | None = None
    environment: str | None = None
    content: str | None = None
    external: bool | dict[str, Any] = False
    name: str | None = None


class ComposeFile(Part):
    name: str | None = None
    services: dict[str, ComposeService]
    networks: dict[str, dict[str, Any] | None] = {}
    secrets: dict[str, FileSource] = {}
    configs: dict[str, FileSource] = {}
