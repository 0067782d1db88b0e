"""Resources that admission refuses: each with the field that it names, and with what it says of it."""

from typing import Any

from kubectl import Manifest

API_VERSION = "fastapi-fleet.io/v1alpha1"

IMAGE = "registry.example/shop/users:1.0"


def service(*, name: str = "admission", **spec: Any) -> Manifest:
    """A FastAPIService that is valid but for what `spec` makes of it."""
    return {
        "apiVersion": API_VERSION,
        "kind": "FastAPIService",
        "metadata": {"name": name},
        "spec": {"image": IMAGE} | spec,
    }


def platform(*, name: str = "admission", **spec: Any) -> Manifest:
    """A FleetPlatform with that spec."""
    return {"apiVersion": API_VERSION, "kind": "FleetPlatform", "metadata": {"name": name}, "spec": spec}


def without_image() -> Manifest:
    return {"apiVersion": API_VERSION, "kind": "FastAPIService", "metadata": {"name": "admission"}, "spec": {}}


def secret(**fields: Any) -> list[dict[str, Any]]:
    """spec.secrets of one entry, TOKEN."""
    return [{"env": "TOKEN"} | fields]


REFUSED: dict[str, tuple[Manifest, str, str]] = {
    "no image": (without_image(), "spec.image", "Required value"),
    "empty image": (service(image=""), "spec.image", "at least 1 chars"),
    "image with a space": (service(image="users latest"), "spec.image", "should match"),
    "unknown pull policy": (service(imagePullPolicy="Sometimes"), "spec.imagePullPolicy", "Unsupported value"),
    "port above range": (service(port=70000), "spec.port", "less than or equal to 65535"),
    "port of 0": (service(port=0), "spec.port", "greater than or equal to 1"),
    "extra port of the name http": (
        service(extraPorts=[{"name": "http", "port": 9000}]),
        "spec.extraPorts",
        "http is the name of the service's own port",
    ),
    "extra port of the service's own number": (
        service(extraPorts=[{"name": "grpc", "port": 8000}]),
        "spec.extraPorts",
        "has a number of its own",
    ),
    "two extra ports of one number": (
        service(extraPorts=[{"name": "grpc", "port": 9000}, {"name": "debug", "port": 9000}]),
        "spec.extraPorts",
        "has a number of its own",
    ),
    "port as text": (service(port="http"), "spec.port", "must be of type integer"),
    "route without a Gateway": (service(route={"hosts": ["a.example"]}), "spec.route.parentRefs", "Required value"),
    "route to no Gateway": (service(route={"parentRefs": []}), "spec.route.parentRefs", "at least 1 items"),
    "route to one Gateway twice": (
        service(route={"parentRefs": [{"name": "public"}, {"name": "public", "sectionName": "https"}]}),
        "spec.route.parentRefs",
        "needs another sectionName each time",
    ),
    "route to a namespace that cannot be": (
        service(route={"parentRefs": [{"name": "public", "namespace": "Gateways"}]}),
        "spec.route.parentRefs[0].namespace",
        "should match",
    ),
    "route of a host with a scheme": (
        service(route={"hosts": ["https://a.example"], "parentRefs": [{"name": "public"}]}),
        "spec.route.hosts[0]",
        "should match",
    ),
    "route with an encoded path": (
        service(route={"path": "/a%2fb", "parentRefs": [{"name": "public"}]}),
        "spec.route.path",
        "should match",
    ),
    "route that climbs": (
        service(route={"path": "/a/../b", "parentRefs": [{"name": "public"}]}),
        "spec.route.path",
        "should match",
    ),
    "route that opens what is not closed": (
        service(route={"parentRefs": [{"name": "public"}], "alsoPublic": ["/admin"]}),
        "spec.route.alsoPublic[0]",
        "Unsupported value",
    ),
    "ingress without a host": (service(ingress={}), "spec.ingress.host", "Required value"),
    "ingress with a wildcard in the middle": (
        service(ingress={"host": "a.*.example"}),
        "spec.ingress.host",
        "should match",
    ),
    "ingress of an unknown path type": (
        service(ingress={"host": "a.example", "pathType": "Regex"}),
        "spec.ingress.pathType",
        "Unsupported value",
    ),
    "ingress with the operator's own annotation": (
        service(ingress={"host": "a.example", "annotations": {"fastapi-fleet.io/manifest-hash": "0"}}),
        "spec.ingress.annotations",
        "must not begin with fastapi-fleet.io/",
    ),
    "monitoring at an odd interval": (
        service(monitoring={"interval": "often"}),
        "spec.monitoring.interval",
        "should match",
    ),
    "monitoring with a label of the operator's": (
        service(monitoring={"labels": {"app.kubernetes.io/name": "x"}}),
        "spec.monitoring.labels",
        "those are the operator's",
    ),
    "autoscaling without a most": (service(autoscaling={}), "spec.autoscaling.maxReplicas", "Required value"),
    "autoscaling upside down": (
        service(autoscaling={"minReplicas": 3, "maxReplicas": 2}),
        "spec.autoscaling.minReplicas",
        "must not be above autoscaling.maxReplicas",
    ),
    "autoscaling by a request that is not there": (
        service(autoscaling={"maxReplicas": 2}, resources={"requests": {"memory": "64Mi"}}),
        "spec.resources",
        "set resources.requests.cpu",
    ),
    "autoscaling by memory that is not requested": (
        service(
            autoscaling={"maxReplicas": 2, "targetMemoryUtilizationPercentage": 70},
            resources={"requests": {"cpu": "100m"}},
        ),
        "spec.resources",
        "set resources.requests.memory",
    ),
    "unknown scaling policy": (
        service(autoscaling={"maxReplicas": 2, "behavior": {"scaleUp": {"selectPolicy": "Most"}}}),
        "spec.autoscaling.behavior.scaleUp.selectPolicy",
        "Unsupported value",
    ),
    "rollout given up before a pod counts": (
        service(rollout={"minReadySeconds": 60, "progressDeadlineSeconds": 60}),
        "spec.rollout.progressDeadlineSeconds",
        "must be above rollout.minReadySeconds",
    ),
    "canary of more requests than pods can have": (
        service(rollout={"canary": {"steps": [{"weight": 51, "pause": 60}]}}),
        "spec.rollout",
        "a weight above 50 needs spec.route",
    ),
    "rollout given up before a pod may have started": (
        service(rollout={"progressDeadlineSeconds": 60}),
        "spec.rollout.progressDeadlineSeconds",
        "must be above probes.startupSeconds",
    ),
    "rollback to what is no revision": (
        service(rollout={"rollbackTo": "latest-but-one-1"}),
        "spec.rollout.rollbackTo",
        "should match",
    ),
    "the same pull secret twice": (
        service(imagePullSecrets=[{"name": "a"}, {"name": "a"}]),
        "spec.imagePullSecrets[1]",
        "Duplicate value",
    ),
    "negative replicas": (service(replicas=-1), "spec.replicas", "greater than or equal to 0"),
    "no workers": (service(workers=0), "spec.workers", "greater than or equal to 1"),
    "app without attribute": (service(app="app.main"), "spec.app", "should match"),
    "app as a file": (service(app="app/main.py:app"), "spec.app", "should match"),
    "empty command": (service(command=[]), "spec.command", "at least 1 items"),
    "platform name with upper case": (service(platform="Default"), "spec.platform", "should match"),
    "unknown field": (service(replica=2), "spec.replica", "unknown field"),
    "unknown field in a probe": (
        service(probes={"readiness": {"pth": "/up"}}),
        "spec.probes.readiness.pth",
        "unknown field",
    ),
    "unknown field in env": (
        service(env=[{"name": "A", "valu": "1"}]),
        "spec.env[0].valu",
        "unknown field",
    ),
    "duplicate env": (
        service(env=[{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]),
        "spec.env[1]",
        "Duplicate value",
    ),
    "env name that starts with a digit": (service(env=[{"name": "1A"}]), "spec.env[0].name", "should match"),
    "env with value and source": (
        service(env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]),
        "spec.env[0]",
        "set value or valueFrom, not both",
    ),
    "env with two sources": (
        service(
            env=[
                {
                    "name": "A",
                    "valueFrom": {
                        "fieldRef": {"fieldPath": "status.podIP"},
                        "secretKeyRef": {"name": "s", "key": "k"},
                    },
                }
            ]
        ),
        "spec.env[0].valueFrom",
        "set exactly one of",
    ),
    "envFrom of nothing": (service(envFrom=[{"prefix": "A_"}]), "spec.envFrom[0]", "set exactly one of"),
    "config key that is no variable": (service(config={"log-level": "info"}), "spec.config", "names of environment"),
    "env also in config": (
        service(env=[{"name": "A", "value": "1"}], config={"A": "2"}),
        "spec.env",
        "A is set by env and by config",
    ),
    "env also in secrets": (
        service(env=[{"name": "TOKEN", "value": "1"}], secrets=secret(generate=True)),
        "spec.env",
        "TOKEN is set by env and by secrets",
    ),
    "env also in services": (
        service(env=[{"name": "URL", "value": "1"}], services=[{"name": "orders", "env": "URL"}]),
        "spec.env",
        "URL is set by env and by services",
    ),
    "secret also in config": (
        service(secrets=secret(generate=True), config={"TOKEN": "x"}),
        "spec.secrets",
        "TOKEN is set by secrets and by config",
    ),
    "secret also in services": (
        service(secrets=secret(generate=True), services=[{"name": "orders", "env": "TOKEN"}]),
        "spec.secrets",
        "TOKEN is set by secrets and by services",
    ),
    "service also in config": (
        service(services=[{"name": "orders", "env": "URL"}], config={"URL": "x"}),
        "spec.services",
        "URL is set by services and by config",
    ),
    "pool without a size": (service(database={"pool": {}}), "spec.database.pool.size", "Required value"),
    "variable of the pool beside a pool": (
        service(database={"pool": {"size": 8}}, config={"DATABASE_POOL_MAX": "20"}),
        "spec.database",
        "are set by database.pool: take them out of",
    ),
    "pools beyond the limit of the role": (
        service(workers=2, replicas=4, database={"connectionLimit": 149, "pool": {"size": 5, "overflow": 10}}),
        "spec.database",
        "is more than connectionLimit",
    ),
    "pools of pods that only an autoscaler adds": (
        service(autoscaling={"maxReplicas": 4}, database={"connectionLimit": 39, "pool": {"size": 8}}),
        "spec.database",
        "is more than connectionLimit",
    ),
    "pools of the worker's pods": (
        service(worker={"replicas": 2}, database={"connectionLimit": 44, "pool": {"size": 8, "beside": 1}}),
        "spec.database",
        "is more than connectionLimit",
    ),
    "DATABASE_URL beside a database": (
        service(database={}, env=[{"name": "DATABASE_URL", "value": "x"}]),
        "spec.database",
        "DATABASE_URL is set by database",
    ),
    "RABBITMQ_URL beside a broker": (
        service(broker={}, config={"RABBITMQ_URL": "x"}),
        "spec.broker",
        "RABBITMQ_URL is set by broker",
    ),
    "duplicate secret": (service(secrets=secret(generate=True) * 2), "spec.secrets[1]", "Duplicate value"),
    "secret with name and generate": (
        service(secrets=secret(name="s", key="k", generate=True)),
        "spec.secrets[0]",
        "set exactly one of generate: true, signingKey, and name",
    ),
    "secret with name and signingKey": (
        service(secrets=secret(name="s", key="k", signingKey={"otherEnv": "OTHER"})),
        "spec.secrets[0]",
        "set exactly one of generate: true, signingKey, and name",
    ),
    "signing key without a second one": (
        service(secrets=secret(signingKey={})),
        "spec.secrets[0].signingKey.otherEnv",
        "Required value",
    ),
    "signing key that is exchanged by the minute": (
        service(secrets=secret(signingKey={"otherEnv": "OTHER", "rotateEvery": "5m"})),
        "spec.secrets[0].signingKey.rotateEvery",
        "should match",
    ),
    "secret from nowhere": (service(secrets=secret()), "spec.secrets[0]", "set exactly one of generate: true"),
    "secret without key": (service(secrets=secret(name="s")), "spec.secrets[0]", "go together"),
    "service that needs itself": (
        service(name="users", services=[{"name": "users", "env": "USERS_URL"}]),
        "spec.services",
        "cannot need itself",
    ),
    "service of a bad name": (
        service(services=[{"name": "user_service", "env": "U"}]),
        "spec.services[0].name",
        "should match",
    ),
    "duplicate event type": (service(broker={"publishes": ["a.b", "a.b"]}), "spec.broker.publishes[1]", "Duplicate"),
    "event type with a wildcard": (service(broker={"consumes": ["user.*"]}), "spec.broker.consumes[0]", "should match"),
    "no database connection": (
        service(database={"connectionLimit": 0}),
        "spec.database.connectionLimit",
        "greater than or equal to 1",
    ),
    "probe path without slash": (
        service(probes={"liveness": {"path": "health"}}),
        "spec.probes.liveness.path",
        "should match",
    ),
    "probe that waits for the one before": (
        service(probes={"liveness": {"periodSeconds": 5, "timeoutSeconds": 6}}),
        "spec.probes.liveness.timeoutSeconds",
        "must not be above periodSeconds",
    ),
    "readiness that begins after the start-up budget": (
        service(probes={"startupSeconds": 10, "readiness": {"initialDelaySeconds": 11}}),
        "spec.probes.readiness.initialDelaySeconds",
        "must not be above probes.startupSeconds",
    ),
    "start-up budget of a worker beyond the deadline": (
        service(
            rollout={"progressDeadlineSeconds": 90},
            worker={"probes": {"startupSeconds": 90}},
        ),
        "spec.rollout.progressDeadlineSeconds",
        "above worker.probes.startupSeconds",
    ),
    "drain longer than the grace period": (
        service(shutdown={"gracePeriodSeconds": 10, "drainSeconds": 20}),
        "spec.shutdown.drainSeconds",
        "must leave at least 5 s",
    ),
    "default drain does not fit": (
        service(shutdown={"gracePeriodSeconds": 9}),
        "spec.shutdown.drainSeconds",
        "must leave at least 5 s",
    ),
    "bad quantity": (service(resources={"limits": {"memory": "1 GB"}}), "spec.resources.limits.memory", "should match"),
    "bad resource name": (
        service(resources={"limits": {"me mory": "1Gi"}}),
        "spec.resources.limits",
        "keys must match",
    ),
    "name with a dot": (service(name="users.v2"), "metadata.name", "must be at most 50 characters"),
    "name that starts with a digit": (service(name="2users"), "metadata.name", "must be at most 50 characters"),
    "name of 51 characters": (service(name="u" * 51), "metadata.name", "must be at most 50 characters"),
    "platform of an unknown mode": (platform(postgres={"mode": "Cloud"}), "spec.postgres.mode", "Unsupported value"),
    "server for each service in another mode": (
        platform(postgres={"mode": "CloudNativePG", "topology": "PerService"}),
        "spec.postgres.topology",
        "postgres.topology PerService is for postgres.mode Embedded",
    ),
    "platform with an unknown field": (platform(mysql={}), "spec.mysql", "unknown field"),
    "platform of too few connections": (
        platform(postgres={"maxConnections": 1}),
        "spec.postgres.maxConnections",
        "greater than or equal to 10",
    ),
    "default resources that services could not scale by": (
        platform(defaults={"resources": {"requests": {"cpu": "100m"}}}),
        "spec.defaults.resources",
        "set requests of cpu and memory",
    ),
    "default of a variable that is each service's own": (
        platform(defaults={"config": {"DATABASE_URL": "postgresql://everybody"}}),
        "spec.defaults.config",
        "are each service's own",
    ),
    "default variable of an impossible name": (
        platform(defaults={"config": {"LOG-LEVEL": "info"}}),
        "spec.defaults.config",
        "keys must match",
    ),
    "default label that is the operator's": (
        platform(defaults={"pod": {"labels": {"app.kubernetes.io/name": "all"}}}),
        "spec.defaults.pod.labels",
        "are the operator's",
    ),
    "default for replicas": (platform(defaults={"replicas": 2}), "spec.defaults.replicas", "unknown field"),
    "platform of a long name": (platform(name="p" * 44), "metadata.name", "must be at most 43 characters"),
}
