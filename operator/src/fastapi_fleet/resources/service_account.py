"""ServiceAccount of a service: an identity without a token."""

from fastapi_fleet.resources.manifest import Manifest, Owner, child


def render_service_account(owner: Owner, component: str = "service") -> Manifest:
    manifest = child(owner, api_version="v1", kind="ServiceAccount", name=owner.name, component=component)
    return {**manifest, "automountServiceAccountToken": False}
