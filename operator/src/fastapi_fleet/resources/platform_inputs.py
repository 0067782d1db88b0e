"""What rendering a platform needs beside its spec, found out before the pass decides anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PlatformInputs:
    """`admin_passwords`: of the embedded backends that the spec asks for, by "postgres" and "rabbitmq".

    `authorities`: certificates in PEM that services check a server with, by the same.
    `operator_namespace`: where the operator's own pods are, which administer the servers.
    `served`: names of the kinds that a cluster may lack and this one has.
    """

    admin_passwords: Mapping[str, str] = field(repr=False)
    authorities: Mapping[str, str]
    operator_namespace: str
    served: frozenset[str] = frozenset()
