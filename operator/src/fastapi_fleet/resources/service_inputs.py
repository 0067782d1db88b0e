"""What rendering a service needs beside its spec, read before the pass decides anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi_fleet.constants import BackingPart
from fastapi_fleet.resources.own_server import OwnServer
from fastapi_fleet.resources.rotation_record import RotationRecord
from fastapi_fleet.resources.signing_key_record import SigningKeyRecord


@dataclass(frozen=True)
class ServerPeer:
    """A backing service as NetworkPolicies see it: pods with labels, or else a host, by name or address."""

    port: int
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    host: str = ""


@dataclass(frozen=True)
class ServiceInputs:
    """`credentials`: environment variable to value, for the service's own Secret.

    `migration_credentials`: the same for its migrations, in a Secret that its own pods do not read.
    `leaving`: values that the spec no longer asks for, kept in that Secret while pods of an older revision read them.
    `rotations`: how the logins in that Secret came to be, by "database" and "broker"; empty where none ever changed.
    `signing_keys`: how far the exchange of each signing key in it is, by variable; empty where none was ever exchanged.
    `referenced`: of each Secret and ConfigMap that the spec refers to, by its key, what tells whether pods have to read
    it anew: a version, for a hash of the content would let readers of a Deployment guess short secrets.
    Only values that the operator made are told apart by their hash.
    `authorities`: backing services whose server the pods check with certificates of the platform.
    `servers`: the backing services that are not the platform's own pods, by "postgres" and "rabbitmq".
    `own_server`: the PostgreSQL that runs for this service alone.
    `dependency_ports`: port of each FastAPIService in spec.services, by name; `dependency_extra_ports`: its others.
    `still_called`: services that the spec no longer names and pods of an older revision call, with ports as above.
    `callers`: FastAPIServices that name this one in theirs. `caller_namespaces`: those that may call every service.
    `operator_namespace`: where the operator's own pods are.
    `served`: names of the kinds that a cluster may lack and this one has.
    """

    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    migration_credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    leaving: Mapping[str, str] = field(default_factory=dict, repr=False)
    rotations: Mapping[BackingPart, RotationRecord] = field(default_factory=dict)
    signing_keys: Mapping[str, SigningKeyRecord] = field(default_factory=dict)
    referenced: Mapping[str, str] = field(default_factory=dict)
    authorities: tuple[str, ...] = ()
    servers: Mapping[str, ServerPeer] = field(default_factory=dict)
    own_server: OwnServer | None = None
    dependency_ports: Mapping[str, int] = field(default_factory=dict)
    dependency_extra_ports: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    still_called: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    caller_namespaces: tuple[str, ...] = ()
    operator_namespace: str = "fastapi-fleet-system"
    served: frozenset[str] = frozenset()
