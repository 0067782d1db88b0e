"""ServiceAccount of a service: an identity without a token, unless the spec asks for one."""

from fastapi_fleet.api.pod_spec import ServiceAccount
from fastapi_fleet.resources.manifest import Manifest, Owner, child


def render_service_account(owner: Owner, account: ServiceAccount) -> Manifest | None:
    """None where the pods have one that exists. Pods of others that take its name get no token by it."""
    if account.name is not None:
        return None
    manifest = child(owner, api_version="v1", kind="ServiceAccount", name=owner.name, component="service")
    if account.annotations:
        manifest["metadata"]["annotations"] = dict(account.annotations)
    return {**manifest, "automountServiceAccountToken": False}
