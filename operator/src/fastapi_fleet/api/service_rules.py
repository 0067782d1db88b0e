"""Rules across the fields of a FastAPIService: one variable has one source, one port one use, pools fit the role."""

from dataclasses import dataclass
from itertools import combinations
from typing import Final

from fastapi_fleet.api.model import cel
from fastapi_fleet.api.pool_spec import POOL_VARIABLES


@dataclass(frozen=True)
class EnvSource:
    """A list in the spec whose items each set an environment variable; `name_field` is the item's field naming it."""

    field: str
    name_field: str

    def none_is(self, name: str) -> str:
        """CEL: no item of the list sets `name`, which is a CEL expression."""
        return f"!has(self.{self.field}) || self.{self.field}.all(x, x.{self.name_field} != {name})"


ENV: Final = EnvSource("env", "name")
SECRETS: Final = EnvSource("secrets", "env")
SERVICES: Final = EnvSource("services", "env")
_LISTS: Final = (ENV, SECRETS, SERVICES)

PROVISIONED_VARIABLES: Final = {"database": "DATABASE_URL", "broker": "RABBITMQ_URL"}
"""Environment variable that each backing service sets, by the spec's field that asks for it."""


def _disjoint(first: EnvSource, second: EnvSource) -> dict[str, str]:
    return _one_source(first, second.field, f"self.{second.field}.exists(y, y.{second.name_field} == name)")


def _disjoint_from_config(source: EnvSource) -> dict[str, str]:
    return _one_source(source, "config", "name in self.config")


def _one_source(source: EnvSource, other: str, clash: str) -> dict[str, str]:
    names = f"self.{source.field}.map(x, x.{source.name_field})"
    rule = f"!has(self.{source.field}) || !has(self.{other}) || {names}.all(name, !({clash}))"
    said = f"is set by {source.field} and by {other}: keep one"
    named = f"{names}.filter(name, {clash})[0] + ' {said}'"
    return cel(rule, f"an environment variable {said}", field_path=f".{source.field}") | {"messageExpression": named}


def _provisioned(field: str, variable: str) -> dict[str, str]:
    unset = [f"({source.none_is(repr(variable))})" for source in _LISTS]
    unset.append(f"(!has(self.config) || !({variable!r} in self.config))")
    return cel(
        f"!has(self.{field}) || ({' && '.join(unset)})",
        f"{variable} is set by {field}: take it out of env, config, secrets and services",
        field_path=f".{field}",
    )


def _pooled() -> dict[str, str]:
    """One rule for all its variables: each rule over a list costs what the API server estimates for the longest."""
    variables = str(list(POOL_VARIABLES))
    unset = [f"(!has(self.{it.field}) || self.{it.field}.all(x, !(x.{it.name_field} in {variables})))" for it in _LISTS]
    unset.append(f"(!has(self.config) || {variables}.all(x, !(x in self.config)))")
    return cel(
        f"!has(self.database) || !has(self.database.pool) || ({' && '.join(unset)})",
        f"{', '.join(POOL_VARIABLES)} are set by database.pool: take them out of env, config, secrets and services",
        field_path=".database",
    )


ONE_SOURCE_RULES: Final = (
    *(_disjoint(first, second) for first, second in combinations(_LISTS, 2)),
    *(_disjoint_from_config(source) for source in _LISTS),
    *(_provisioned(field, variable) for field, variable in PROVISIONED_VARIABLES.items()),
    _pooled(),
)
"""Refuse a variable that two fields set; the message names it."""

ONE_PORT_RULES: Final = (
    cel(
        "!has(self.extraPorts) || self.extraPorts.all(x, x.name != 'http')",
        "extraPorts: http is the name of the service's own port",
        field_path=".extraPorts",
    ),
    cel(
        "!has(self.extraPorts) || (self.extraPorts.all(x, x.port != self.port)"
        " && self.extraPorts.all(x, self.extraPorts.exists_one(y, y.port == x.port)))",
        "extraPorts: each port, and spec.port, has a number of its own",
        field_path=".extraPorts",
    ),
)

_POOL: Final = "self.database.pool"
_PODS: Final = "(has(self.autoscaling) ? self.autoscaling.maxReplicas + 1 : self.replicas > 0 ? self.replicas + 1 : 0)"
_WORKER_PODS: Final = "(has(self.worker) && self.worker.replicas > 0 ? self.worker.replicas + 1 : 0)"
_CONNECTIONS: Final = f"({_POOL}.size + {_POOL}.overflow + {_POOL}.beside) * (self.workers * {_PODS} + {_WORKER_PODS})"

CONNECTION_RULES: Final = (
    cel(
        "!has(self.database) || !has(self.database.pool) || !has(self.database.connectionLimit) || "
        f"{_CONNECTIONS} <= self.database.connectionLimit",
        "(workers x (most replicas + 1) + spec.worker's replicas + 1) x (pool.size + overflow + beside) is more than "
        "connectionLimit",
        field_path=".database",
    ),
)
"""As resources/connections.py reckons, without its numbers: a rule that writes them costs more than one may. Nor with
the pods of a canary, which the operator counts."""

CANARY_RULES: Final = (
    cel(
        "has(self.route) || !has(self.rollout) || !has(self.rollout.canary) || "
        "self.rollout.canary.steps.all(x, x.weight <= 50)",
        "rollout.canary.steps: a weight above 50 needs spec.route: pods that serve are not taken away",
        field_path=".rollout",
    ),
)
