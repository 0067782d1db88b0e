"""Hypothesis strategies: every spec that admission lets through, more or less."""

import string
from typing import Any

from fastapi_fleet.api.defaults_spec import OWN_VARIABLES, Defaults
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.api.service_spec import (
    MIN_GRACEFUL_SECONDS,
    SHUTDOWN_MARGIN_SECONDS,
    FastAPIServiceSpec,
    Shutdown,
)
from hypothesis import strategies as st

NAME_LIMIT = 50
_LOWER = string.ascii_lowercase
_NAME_INSIDE = st.text(_LOWER + string.digits + "-", max_size=NAME_LIMIT - 2)

names = st.builds(
    lambda first, inside, last: first + inside + last,
    st.sampled_from(_LOWER),
    _NAME_INSIDE,
    st.sampled_from(_LOWER + string.digits),
)
variables = st.text(string.ascii_letters + "_", min_size=1, max_size=12)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20)
quantities = st.sampled_from(["100m", "0.5", "1", "128Mi", "0.25", "2Gi", "1k"])
event_types = st.sampled_from(["order.created", "user.registered", "invoice-sent"])


@st.composite
def shutdowns(draw: st.DrawFn) -> Shutdown:
    least = SHUTDOWN_MARGIN_SECONDS + MIN_GRACEFUL_SECONDS
    drain = draw(st.integers(0, 600))
    return Shutdown(drain_seconds=drain, grace_period_seconds=draw(st.integers(drain + least, 3600)))


resources = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "requests": st.fixed_dictionaries({}, optional={"cpu": quantities, "memory": quantities}),
        "limits": st.fixed_dictionaries({}, optional={"memory": quantities}),
    },
)
probes = st.fixed_dictionaries(
    {"startupSeconds": st.integers(1, 3600)},
    optional={
        kind: st.fixed_dictionaries(
            {}, optional={"path": st.just("/alive"), "periodSeconds": st.integers(2, 60), "timeoutSeconds": st.just(2)}
        )
        for kind in ("liveness", "readiness")
    },
)


workers = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "command": st.lists(texts, min_size=1, max_size=3),
        "args": st.lists(texts, max_size=3),
        "replicas": st.integers(0, 1000),
        "resources": resources,
        "probes": probes,
    },
)

preflights = st.fixed_dictionaries(
    {},
    optional={
        "settings": st.just("shop.web:Config"),
        "app": st.just("shop.web:create"),
        "contract": st.fixed_dictionaries({"policy": st.sampled_from(["Off", "Warn", "Block", "RequireApproval"])}),
    },
)

labels = st.dictionaries(st.sampled_from(["team", "pool", "example.com/tier"]), st.sampled_from(["", "a", "B-1"]))


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """Additions to pods whose mounts name their volumes."""
    volumes = draw(st.sets(st.sampled_from(["one", "two", "three"])))
    mounts = [{"name": volume, "mountPath": f"/mnt/{volume}"} for volume in sorted(volumes)]
    containers = [
        {"name": name, "image": "registry.example/beside:1", "resources": draw(resources), "volumeMounts": mounts}
        for name in sorted(draw(st.sets(names.filter(lambda name: name != "app"), max_size=4)))
    ]
    at = draw(st.integers(0, len(containers)))
    return {
        "labels": draw(labels),
        "annotations": draw(labels),
        "nodeSelector": draw(labels),
        "tolerations": draw(st.sampled_from([[], [{"operator": "Exists"}]])),
        "priorityClassName": draw(st.sampled_from([None, "important"])),
        "volumes": [{"name": volume, "emptyDir": {"sizeLimit": draw(quantities)}} for volume in sorted(volumes)],
        "volumeMounts": mounts,
        "initContainers": containers[:at],
        "sidecars": containers[at:],
    }


@st.composite
def autoscalings(draw: st.DrawFn) -> dict[str, int]:
    fewest = draw(st.integers(1, 1000))
    targets = st.fixed_dictionaries(
        {},
        optional={
            "targetCPUUtilizationPercentage": st.integers(1, 1000),
            "targetMemoryUtilizationPercentage": st.integers(1, 1000),
        },
    )
    return {"minReplicas": fewest, "maxReplicas": draw(st.integers(fewest, 1000)), **draw(targets)}


hosts = st.sampled_from(["shop.example.org", "*.example.org", "shop"])
public_paths = st.sampled_from(["/", "/shop", "/shop/", "/docs", "/.well-known/shop"])
also_public = st.lists(st.sampled_from(["/docs", "/metrics", "/health"]), unique=True)
routes = st.none() | st.fixed_dictionaries(
    {"parentRefs": st.just([{"name": "public"}, {"name": "internal", "sectionName": "https"}])},
    optional={"hosts": st.lists(hosts, unique=True), "path": public_paths, "alsoPublic": also_public},
)
ingresses = st.none() | st.fixed_dictionaries(
    {"host": hosts},
    optional={
        "path": public_paths,
        "pathType": st.sampled_from(["Prefix", "Exact"]),
        "tls": st.just({"secretName": "shop-tls"}),
        "annotations": st.dictionaries(st.just("a/b"), texts),
        "alsoPublic": also_public,
    },
)
monitorings = st.none() | st.fixed_dictionaries(
    {"enabled": st.booleans()},
    optional={"path": st.just("/internal/metrics"), "labels": st.dictionaries(names, st.just("yes"), max_size=3)},
)


@st.composite
def _variables_by_field(draw: st.DrawFn) -> dict[str, Any]:
    """Variables spread over the fields that can set one: none is set twice."""
    fields: dict[str, Any] = {"config": {}, "secrets": [], "services": [], "env": []}
    for variable in draw(st.sets(variables.filter(lambda name: not name.endswith("_URL")), max_size=8)):
        match draw(st.integers(0, 4)):
            case 0:
                fields["config"][variable] = draw(texts)
            case 1:
                fields["secrets"].append({"env": variable, "generate": True})
            case 2:
                fields["secrets"].append({"env": variable, "name": draw(names), "key": "value"})
            case 3:
                fields["services"].append({"env": variable, "name": draw(names)})
            case _:
                fields["env"].append({"name": variable, "value": draw(texts)})
    return fields


_pools = st.fixed_dictionaries(
    {"size": st.integers(1, 100)}, optional={"overflow": st.integers(0, 100), "beside": st.integers(0, 100)}
)
_migrations = {"migrations": st.fixed_dictionaries({"command": st.lists(texts, min_size=1, max_size=3)})}
databases = st.one_of(
    st.fixed_dictionaries({}, optional={"connectionLimit": st.integers(1, 10000), **_migrations}),
    st.fixed_dictionaries({"pool": _pools}, optional=_migrations),
)
"""Pools go without a limit here: whether they fit depends on the rest of the spec."""


@st.composite
def service_specs(draw: st.DrawFn) -> FastAPIServiceSpec:
    database = draw(st.none() | databases)
    broker = draw(
        st.none() | st.fixed_dictionaries({"publishes": st.lists(event_types, unique=True), "consumes": st.just([])})
    )
    command = draw(st.none() | st.lists(texts, min_size=1, max_size=3))
    return FastAPIServiceSpec.model_validate(
        {
            "image": "registry.example/shop:1",
            "imagePullPolicy": draw(st.sampled_from([None, "Always", "IfNotPresent", "Never"])),
            "port": draw(st.integers(1, 60000)),
            "extraPorts": [
                {"name": f"extra-{port}", "port": port} for port in draw(st.sets(st.integers(60001, 65535), max_size=4))
            ],
            "workers": draw(st.integers(1, 32)),
            "replicas": draw(st.integers(0, 1000)),
            "autoscaling": draw(st.none() | autoscalings()),
            "podDisruptionBudget": {"enabled": draw(st.booleans())},
            "topologySpread": {"enabled": draw(st.booleans())},
            "command": command,
            "args": draw(st.none() | st.lists(texts, max_size=3)),
            "resources": draw(resources),
            "worker": draw(workers),
            "pod": draw(st.just({}) | pods()),
            "serviceAccount": draw(st.sampled_from([{}, {"name": "theirs"}, {"mountToken": True}])),
            "preflight": draw(st.none() | preflights),
            "probes": draw(probes),
            "shutdown": draw(shutdowns()),
            "rollout": {"minReadySeconds": draw(st.integers(0, 3600))},
            "route": draw(routes),
            "ingress": draw(ingresses),
            "monitoring": draw(monitorings),
            "database": database,
            "broker": broker,
            **draw(_variables_by_field()),
        }
    )


_backends = st.none() | st.fixed_dictionaries({}, optional={"storage": quantities, "resources": resources})
platform_specs = st.builds(
    lambda postgres, rabbitmq: FleetPlatformSpec.model_validate({"postgres": postgres, "rabbitmq": rabbitmq}),
    _backends | st.just({"topology": "PerService"}),
    _backends,
)


_peers = st.lists(st.sampled_from([{"cidr": "192.0.2.0/24"}, {"namespace": "ingress"}]), max_size=2)
network_defaults = st.fixed_dictionaries(
    {},
    optional={
        "fromNamespaces": st.lists(st.sampled_from(["ingress", "monitoring"]), unique=True),
        "from": _peers,
        "to": _peers,
    },
)
pod_defaults = st.fixed_dictionaries(
    {},
    optional={
        "labels": labels,
        "annotations": labels,
        "nodeSelector": labels,
        "tolerations": st.sampled_from([[], [{"key": "spot", "operator": "Exists"}]]),
        "priorityClassName": st.just("standard"),
    },
)


def _shutdown(shutdown: Shutdown) -> dict[str, Any]:
    return shutdown.model_dump(by_alias=True)


platform_defaults = st.builds(
    Defaults.model_validate,
    st.fixed_dictionaries(
        {},
        optional={
            "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
            "imagePullSecrets": st.just([{"name": "registry"}]),
            "resources": st.just({"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}}),
            "config": st.dictionaries(variables.filter(lambda name: name not in OWN_VARIABLES), texts, max_size=3),
            "networkPolicy": network_defaults,
            "ingress": st.fixed_dictionaries(
                {}, optional={"className": st.just("public"), "annotations": st.dictionaries(st.just("a/b"), texts)}
            ),
            "monitoring": monitorings.filter(bool),
            "shutdown": shutdowns().map(_shutdown),
            "pod": pod_defaults,
        },
    ),
)
