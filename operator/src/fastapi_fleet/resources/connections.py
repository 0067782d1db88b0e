"""How many database connections a service may hold at once, and the arithmetic in words."""

from dataclasses import dataclass

from fastapi_fleet.api.pool_spec import DatabasePool
from fastapi_fleet.api.service_spec import FastAPIServiceSpec
from fastapi_fleet.errors import InvalidSpecError
from fastapi_fleet.preflight.ask_alembic import ALEMBIC, tool_of
from fastapi_fleet.resources.canary import pods_by_number, pods_by_route
from fastapi_fleet.resources.deployment import MAX_SURGE


@dataclass(frozen=True)
class PodGroup:
    """Pods of one Deployment. `replicas`: the most that it is ever to have, but for those of a rollout."""

    what: str
    processes: int
    replicas: int

    @property
    def pods(self) -> int:
        """A Deployment that is to have none is not rolled out either."""
        return self.replicas + MAX_SURGE if self.replicas else 0


@dataclass(frozen=True)
class ConnectionNeed:
    """What the pools of a service come to. `migrations`: connections of their Job, which has a login of its own."""

    pool: DatabasePool
    groups: tuple[PodGroup, ...]
    migrations: int

    @property
    def of_role(self) -> int:
        """What the login of the service's own pods may hold."""
        each = self.pool.most + self.pool.beside
        return sum(group.processes * each * group.pods for group in self.groups)

    @property
    def total(self) -> int:
        return self.of_role + self.migrations

    @property
    def words_of_role(self) -> str:
        return " + ".join(self._words(group) for group in self.groups) or "no pods"

    @property
    def words(self) -> str:
        return f"{self.words_of_role} + {self.migrations} for migrations" if self.migrations else self.words_of_role

    def _words(self, group: PodGroup) -> str:
        parts = (self.pool.size, self.pool.overflow, self.pool.beside)
        each = " + ".join(str(part) for part in parts[: 3 if self.pool.beside else 2])
        workers = "worker" if group.processes == 1 else "workers"
        return f"{group.processes} {workers} x ({each}) x ({group.replicas} + {MAX_SURGE}) {group.what}"


def connection_need(spec: FastAPIServiceSpec) -> ConnectionNeed | None:
    """None where the spec does not say what the pools are."""
    if spec.database is None or spec.database.pool is None:
        return None
    replicas = spec.autoscaling.max_replicas if spec.autoscaling else spec.replicas
    groups = [PodGroup("pods", spec.workers, replicas), *_of_canary(spec, replicas)]
    if spec.worker is not None:
        groups.append(PodGroup("pods of spec.worker", 1, spec.worker.replicas))
    at_work = tuple(group for group in groups if group.replicas)
    return ConnectionNeed(spec.database.pool, at_work, _of_migrations(spec))


def most_connections(spec: FastAPIServiceSpec) -> int | None:
    """What the service may take of its server: what its pools come to, or else what its role may."""
    need = connection_need(spec)
    if need is not None:
        return need.total
    if spec.database is None or spec.database.connection_limit is None:
        return None
    return spec.database.connection_limit + _of_migrations(spec)


def require_room_in_role(spec: FastAPIServiceSpec) -> None:
    """Raises InvalidSpecError where the spec's own limit refuses connections that the spec's own pools open."""
    need = connection_need(spec)
    limit = spec.database.connection_limit if spec.database is not None else None
    if need is not None and limit is not None and need.of_role > limit:
        message = f"{need.words_of_role} = {need.of_role} connections, and connectionLimit is {limit}"
        raise InvalidSpecError("spec.database.pool", message)


def _of_canary(spec: FastAPIServiceSpec, replicas: int) -> list[PodGroup]:
    """They stay until the pods that take their place are all there."""
    canary = spec.rollout.canary
    if canary is None or not replicas:
        return []
    ways = (pods_by_number, pods_by_route) if spec.route is not None else (pods_by_number,)
    most = max(pods(step.weight, replicas) for step in canary.steps for pods in ways)
    return [PodGroup("pods of rollout.canary", spec.workers, most)]


def _of_migrations(spec: FastAPIServiceSpec) -> int:
    """Their command is run by one pod at a time; a tool that migrates does so by one connection.

    Beside Alembic's another one holds the lock.
    """
    if spec.database is None or spec.database.migrations is None:
        return 0
    tool = tool_of(spec.database.migrations.command)
    return 2 if tool is not None and tool.name == ALEMBIC else 1
