"""What a service's own PostgreSQL server is rendered from, where its platform gives each service one."""

from dataclasses import dataclass, field

from fastapi_fleet.api.network_spec import IngressPolicy
from fastapi_fleet.api.platform_spec import PostgresPlatform


@dataclass(frozen=True)
class OwnServer:
    """`network_policy`: of the platform, as `postgres` is. `operator_namespace`: who administers the server."""

    postgres: PostgresPlatform
    network_policy: IngressPolicy
    admin_password: str = field(repr=False)
    operator_namespace: str
