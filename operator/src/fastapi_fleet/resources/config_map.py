"""ConfigMaps of a service: spec.config as environment variables."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child


def config_map_names(owner: Owner, spec: FastAPIServiceSpec) -> list[str]:
    if not spec.config:
        return []
    return [names.config_map(owner.name), *([names.preflight_config_map(owner.name)] if spec.preflight else [])]


def render_config_map(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """None without spec.config."""
    return _render(owner, spec, names.config_map(owner.name)) if spec.config else None


def render_preflight_config_map(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """The same for the check alone: pods that start anew must not read what has not been checked."""
    return _render(owner, spec, names.preflight_config_map(owner.name)) if spec.config and spec.preflight else None


def _render(owner: Owner, spec: FastAPIServiceSpec, name: str) -> Manifest:
    manifest = child(owner, api_version="v1", kind="ConfigMap", name=name, component="service", app=owner.name)
    return {**manifest, "data": dict(spec.config)}
