"""Password of an embedded server's administrator: it is made once, for the server keeps the one that it began with."""

from collections.abc import Mapping

from fastapi_fleet.api.conditions import Reason
from fastapi_fleet.errors import DependencyMissingError
from fastapi_fleet.kube.kinds import SECRET, STATEFUL_SET, Object, ObjectKey
from fastapi_fleet.reconcile.ownership import is_owned
from fastapi_fleet.resources import names
from fastapi_fleet.resources.manifest import Owner
from fastapi_fleet.resources.secret import decode


def kept_password(owner: Owner, backend: str, live: Mapping[ObjectKey, Object]) -> str | None:
    """Raises DependencyMissingError where a server runs whose password is lost: it would not learn a new one."""
    secret = live.get(ObjectKey(SECRET.name, owner.namespace, names.admin_secret(backend)))
    password = decode(secret).get("password") if secret else None
    server = live.get(ObjectKey(STATEFUL_SET.name, owner.namespace, backend))
    if password is None and server is not None and is_owned(server, owner):
        message = f"Secret {names.admin_secret(backend)} has no password, and {backend} keeps the one it was made with"
        raise DependencyMissingError(Reason.ADMIN_SECRET_MISSING, message)
    return password
