"""Keys of a Compose file that become nothing, each with its reason."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi_fleet.compose.models import Amounts, Build, ComposeFile, ComposeService, Deploy, Healthcheck
from fastapi_fleet.compose.notes import Notes

_HARDENED: Final = "pods run with the rights of Pod Security restricted, and no spec widens them"
_NODE: Final = "it is a matter of the node, which is the cluster's"
_POD: Final = "spec.pod says where pods may run: nodeSelector, tolerations, affinity"

SATISFIED: Final = frozenset(
    {"read_only", "cap_drop", "security_opt", "restart", "init", "tty", "stdin_open", "attach", "annotations"}
    | {"version", "volumes"}
)
"""What the operator does for each pod anyway, or what has no meaning there."""

OF_SERVICE: Final = {
    "blkio_config": _NODE,
    "cap_add": _HARDENED,
    "cgroup": _NODE,
    "cgroup_parent": _NODE,
    "cpu_shares": "set deploy.resources: a request is the share that a container is sure of",
    "cpu_quota": "set deploy.resources.limits.cpus",
    "cpuset": _NODE,
    "credential_spec": _HARDENED,
    "develop": "it is for development on one machine",
    "device_cgroup_rules": _HARDENED,
    "devices": "name the device's resource in spec.resources.limits, such as nvidia.com/gpu",
    "dns": "pods ask the cluster's DNS",
    "dns_opt": "pods ask the cluster's DNS",
    "dns_search": "pods ask the cluster's DNS",
    "domainname": "a service is reached by the name of its Service",
    "extends": "only services of the same file are read: run `docker compose config` and convert what it prints",
    "external_links": "only services of the file are known: name others in spec.services",
    "extra_hosts": "pods ask the cluster's DNS: make a Service with that name, of type ExternalName",
    "gpus": "name the device's resource in spec.resources.limits, such as nvidia.com/gpu",
    "group_add": _HARDENED,
    "ipc": _HARDENED,
    "isolation": _NODE,
    "labels": "labels of a container have no reader in a cluster; those of a proxy become spec.ingress or spec.route",
    "logging": "what is written to stdout is collected by the cluster",
    "mac_address": _NODE,
    "memswap_limit": _NODE,
    "mem_swappiness": _NODE,
    "network_mode": "a pod has an address of its own; spec.networkPolicy says who may reach it",
    "oom_kill_disable": _NODE,
    "oom_score_adj": _NODE,
    "pid": _HARDENED,
    "pids_limit": _NODE,
    "platform": "an image for several platforms is taken by the node's own; else use spec.pod.nodeSelector",
    "post_start": "what has to be done before requests are served belongs in the image or in spec.pod.initContainers",
    "pre_stop": "the operator gives requests in flight their time: see spec.shutdown",
    "privileged": _HARDENED,
    "runtime": _NODE,
    "shm_size": "mount an emptyDir at /dev/shm by spec.pod.volumes",
    "stop_signal": "a pod is stopped by SIGTERM",
    "storage_opt": _NODE,
    "sysctls": _HARDENED,
    "ulimits": _NODE,
    "user": "the operator runs every service as user 10001: its files must be readable for that user",
    "userns_mode": _HARDENED,
    "uts": _HARDENED,
    "volumes_from": "pods share no volumes: mount one in each by spec.pod.volumes",
    "working_dir": "set WORKDIR in the image",
}

OF_DEPLOY: Final = {
    "endpoint_mode": "a Service spreads its connections by itself",
    "labels": OF_SERVICE["labels"],
    "mode": "spec.replicas says how many pods there are",
    "placement": _POD,
    "restart_policy": "pods are always restarted",
    "rollback_config": "spec.rollout.rollbackTo runs an earlier revision again",
    "update_config": "a rollout never takes a pod away before its successor is ready; see spec.rollout",
}

OF_AMOUNTS: Final = {
    "devices": OF_SERVICE["devices"],
    "generic_resources": OF_SERVICE["devices"],
    "pids": _NODE,
}

OF_FILE: Final = {
    "include": "run `docker compose config` and convert what it prints",
    "models": "models are no part of a FastAPIService",
}

_USERS_OF_FLEET: Final = frozenset({"10001", "10001:10001"})
_USUAL: Final = {"deploy": {"mode": "replicated", "endpoint_mode": "vip"}}


def note_keys_of_file(data: Mapping[str, Any], notes: Notes) -> None:
    _note(data, {*ComposeFile.model_fields}, OF_FILE, notes)


def note_keys_of_service(service: Mapping[str, Any], notes: Notes) -> None:
    plain = {key: value for key, value in service.items() if not _is_usual(key, value)}
    _note(plain, {*ComposeService.model_fields}, OF_SERVICE, notes)
    for key, known, reasons in (
        ("deploy", Deploy, OF_DEPLOY),
        ("healthcheck", Healthcheck, {}),
        ("build", Build, None),
    ):
        inside = service.get(key)
        if isinstance(inside, dict) and reasons is not None:
            usual = _USUAL.get(key, {})
            unusual = {name: value for name, value in inside.items() if usual.get(name) != value}
            _note(unusual, {*known.model_fields, "start_interval"}, reasons, notes.at(key))
    _note_amounts(service, notes.at("deploy", "resources"))


def _note_amounts(service: Mapping[str, Any], notes: Notes) -> None:
    """What a Compose service asks for or is limited to, beside CPU and memory."""
    match service:
        case {"deploy": {"resources": dict(kinds)}}:
            for kind, amounts in kinds.items():
                _note(amounts or {}, {*Amounts.model_fields}, OF_AMOUNTS, notes.at(kind))


def _is_usual(key: str, value: object) -> bool:
    return (key == "user" and str(value) in _USERS_OF_FLEET) or (key == "privileged" and value is False)


def _note(mapping: Mapping[str, Any], known: set[str], reasons: Mapping[str, str], notes: Notes) -> None:
    for key in mapping:
        if key in known or key in SATISFIED or str(key).startswith("x-"):
            continue
        notes.at(key).left_out(reasons.get(key, "this key is not known"))
