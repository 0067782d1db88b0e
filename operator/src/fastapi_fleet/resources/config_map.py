"""ConfigMaps of a service: spec.config as environment variables."""

from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Manifest, Owner, child


def config_map_names(owner: Owner, spec: FastAPIServiceSpec) -> list[str]:
    if not spec.config:
        return []
    coming = [names.coming_config_map(owner.name)] if comes_apart(spec) else []
    return [names.config_map(owner.name), *coming]


def comes_apart(spec: FastAPIServiceSpec) -> bool:
    """Whether the configuration is checked or tried before the pods that serve may read it."""
    return spec.preflight is not None or spec.rollout.canary is not None


def render_config_map(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """None without spec.config."""
    return _render(owner, spec, names.config_map(owner.name)) if spec.config else None


def render_coming_config_map(owner: Owner, spec: FastAPIServiceSpec) -> Manifest | None:
    """The same for checks and canaries alone: pods that start anew must not read what has not been let in."""
    return _render(owner, spec, names.coming_config_map(owner.name)) if spec.config and comes_apart(spec) else None


def with_coming_config(owner: Owner, container: Manifest) -> list[Manifest]:
    """What a container's environment is from, with the coming configuration in place of the one that pods read."""
    return [
        {"configMapRef": {"name": names.coming_config_map(owner.name)}} if _is_own(owner, source) else source
        for source in container["envFrom"]
    ]


def _is_own(owner: Owner, source: Manifest) -> bool:
    return (source.get("configMapRef") or {}).get("name") == names.config_map(owner.name)


def _render(owner: Owner, spec: FastAPIServiceSpec, name: str) -> Manifest:
    manifest = child(owner, api_version="v1", kind="ConfigMap", name=name, component="service", app=owner.name)
    return {**manifest, "data": dict(spec.config)}
