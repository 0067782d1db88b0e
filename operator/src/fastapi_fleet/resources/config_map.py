"""ConfigMap of a service: spec.config as environment variables."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child


def render_config_map(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """None without spec.config."""
    if not spec.config:
        return None
    name = names.config_map(owner.name)
    manifest = child(owner, api_version="v1", kind="ConfigMap", name=name, component="service", app=owner.name)
    return {**manifest, "data": dict(spec.config)}
