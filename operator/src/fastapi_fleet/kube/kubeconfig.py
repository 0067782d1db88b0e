"""Kubeconfig files, read and merged as kubectl does.

Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import os
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from fastapi_fleet.errors import NotLoggedInError

Found = TypeVar("Found")

PATHS: Final = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Fields whose paths begin at the folder of the file that they stand in."""


def _to_kebab(name: str) -> str:
    return name.replace("_", "-")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=_to_kebab)


class Extension(_Part):
    """What a tool has written beside a cluster."""

    name: str
    extension: Any = None


class Cluster(_Part):
    """Where an API server is, and by what it is known. `certificate_authority_data` is base64."""

    server: str
    certificate_authority: Path | None = None
    certificate_authority_data: str | None = None
    insecure_skip_tls_verify: bool = False
    proxy_url: str | None = None
    extensions: tuple[Extension, ...] = ()


class Variable(_Part):
    """One of a plugin's environment."""

    name: str
    value: str = Field(repr=False)


class Plugin(BaseModel):
    """A command that prints credentials (`exec`)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, alias_generator=to_camel)

    api_version: str
    command: str
    args: tuple[str, ...] | None = None
    env: tuple[Variable, ...] | None = None
    install_hint: str | None = None
    provide_cluster_info: bool = False
    interactive_mode: Literal["Never", "IfAvailable", "Always"] | None = None


class User(_Part):
    """Who asks, by one of these ways. Data are base64."""

    token: str | None = Field(None, repr=False)
    token_file: Path | None = Field(None, alias="tokenFile")
    client_certificate: Path | None = None
    client_certificate_data: str | None = Field(None, repr=False)
    client_key: Path | None = None
    client_key_data: str | None = Field(None, repr=False)
    username: str | None = None
    password: str | None = Field(None, repr=False)
    plugin: Plugin | None = Field(None, alias="exec")


class _Names(_Part):
    cluster: str
    user: str | None = None
    namespace: str | None = None


class _NamedCluster(_Part):
    name: str
    cluster: Cluster


class _NamedUser(_Part):
    name: str
    user: User | None = None


class _NamedContext(_Part):
    name: str
    context: _Names


class _File(_Part):
    current_context: str | None = None
    clusters: tuple[_NamedCluster, ...] | None = None
    users: tuple[_NamedUser, ...] | None = None
    contexts: tuple[_NamedContext, ...] | None = None


@dataclass(frozen=True)
class Context:
    """A cluster, who asks it, and the namespace that is meant where none is named."""

    cluster: Cluster
    user: User
    namespace: str | None


def read_context(name: str | None = None) -> Context | None:
    """The context of that name, or the current one, of the files of `KUBECONFIG`, else of `~/.kube/config`.

    None where `KUBECONFIG` is not set and there is no file at home. Raises NotLoggedInError where files cannot be
    read, or lack what they name.
    """
    files = [_read(path) for path in _paths()]
    if not files:
        return None
    wanted = name or next((file.current_context for file in files if file.current_context), None)
    if wanted is None:
        raise NotLoggedInError("no current context is set: kubectl config use-context NAME")
    contexts = ChainMap(*({one.name: one.context for one in file.contexts or ()} for file in files))
    clusters = ChainMap(*({one.name: one.cluster for one in file.clusters or ()} for file in files))
    users = ChainMap(*({one.name: one.user or User() for one in file.users or ()} for file in files))
    names = _named("context", wanted, contexts)
    user = _named("user", names.user, users) if names.user else User()
    return Context(_named("cluster", names.cluster, clusters), user, names.namespace)


def _named(what: str, name: str, found: Mapping[str, Found]) -> Found:
    if name not in found:
        raise NotLoggedInError(f"the kubeconfig lacks the {what} {name}, and has {', '.join(sorted(found)) or 'none'}")
    return found[name]


def read_file(path: Path) -> bytes:
    """One that a kubeconfig names, or is. Raises NotLoggedInError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotLoggedInError(f"{path}: {error.strerror}") from error


def _paths() -> list[Path]:
    """Files that are there. Raises NotLoggedInError where KUBECONFIG names some and none of them is."""
    named = [Path(path).expanduser() for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path.strip()]
    there = [path for path in named or [Path.home() / ".kube" / "config"] if path.exists()]
    if named and not there:
        raise NotLoggedInError(f"{', '.join(map(str, named))}: No such file")
    return there


def _read(path: Path) -> _File:
    try:
        document = yaml.safe_load(read_file(path).decode())
        return _File.model_validate(_with_paths_from(path.parent.absolute(), document or {}))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise NotLoggedInError(f"{path} is no YAML") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}" for one in error.errors())
        raise NotLoggedInError(f"{path}: {problems}") from error


def _with_paths_from(folder: Path, node: object) -> object:
    """A copy in which relative paths are those from the folder, without what is empty: that is as if left out."""
    if isinstance(node, list):
        return [_with_paths_from(folder, item) for item in node]
    if not isinstance(node, dict):
        return node
    return {key: _path_from(folder, key, value) for key, value in node.items() if value != ""}


def _path_from(folder: Path, key: object, value: object) -> object:
    is_path = key in PATHS or (key == "command" and os.sep in str(value))
    return str(folder / value) if is_path and isinstance(value, str) else _with_paths_from(folder, value)
