"""The order of a run: cold starts, then each endpoint on all sides in turn, then the memory that is held after it."""

import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path
from statistics import median

import httpx2
from figures import Figure, Target
from fleetkit.auth.principal import Principal
from fleetkit.auth.settings import SignerSettings
from fleetkit.auth.signer import TokenSigner
from pydantic import SecretStr

from service_bench.applications import (
    JWT_SECRET,
    Application,
    Running,
    floor_app,
    running,
    template_app,
    users_service,
)
from service_bench.comparison import Comparison, compare
from service_bench.cores import Cores
from service_bench.database import database
from service_bench.load import Kind, Load, Sample
from service_bench.options import Options
from service_bench.profile import profile

MEBIBYTE = 2.0**20
TWICE = Target(2, at_least=True)
SERVICE, FLOOR, TEMPLATE = "service", "floor", "template"


class Run:
    """One run, with the database up."""

    def __init__(self, options: Options, cores: Cores, database_url: str, logs: Path) -> None:
        self._options = options
        self._cores = cores
        self._service = users_service(database_url)
        self._peers = (floor_app(database_url), template_app(database_url))
        self._logs = logs
        self._load = Load(cores, options.connections, _token())

    def figures(self) -> list[Figure]:
        """All of them. The first start migrates the schema, which the peers use as well."""
        _say("Migrating the schema")
        self._start(self._service)
        _say(f"Starting the service {self._options.starts} times")
        starts = [self._start(self._service) for _ in range(self._options.starts)]
        with ExitStack() as stack:
            applications = (self._service, *self._peers)
            sides = {
                application.name: stack.enter_context(running(application, self._cores, self._logs))
                for application in applications
            }
            path = f"/users/{_create_user(sides[SERVICE])}"
            read = self._compare(sides, Kind.GET, path)
            create = self._compare(sides, Kind.POST, "/users")
            resident = sides[SERVICE].resident_bytes()
            if self._options.profile:
                self._profile(sides, path)
        return [
            *_endpoint_figures("GET /users/{id}", read, Target(0.7, at_least=True)),
            *_endpoint_figures("POST /users", create, Target(0.6, at_least=True)),
            Figure("cold start to ready, median", median(seconds for seconds, _ in starts), "s", None, Target(1.0)),
            Figure("cold start to ready, fastest", min(seconds for seconds, _ in starts), "s"),
            Figure("cold start to ready, CPU time", median(cpu for _, cpu in starts), "s"),
            Figure("resident memory after the load", resident / MEBIBYTE, "MiB", None, Target(110)),
        ]

    def _start(self, application: Application) -> tuple[float, float]:
        with running(application, self._cores, self._logs) as started:
            return started.start_seconds, started.start_cpu_seconds

    def _compare(self, sides: Mapping[str, Running], kind: Kind, path: str) -> Comparison:
        options = self._options
        _say(f"{kind.upper()}: {options.rounds} rounds of {options.seconds} s for each of {', '.join(sides)}")
        return compare(self._load, sides, kind, path, rounds=options.rounds, seconds=options.seconds)

    def _profile(self, sides: Mapping[str, Running], path: str) -> None:
        for kind, target in ((Kind.GET, path), (Kind.POST, "/users")):
            for name in (SERVICE, FLOOR):
                _say(f"Profiling {kind.upper()} of the {name}")
                print(profile(self._load, sides[name], kind, target, title=f"{kind.upper()}, {name}"))


def run(options: Options) -> list[Figure]:
    """Takes all figures.

    Raises:
        MeasurementError: an application, the database or wrk does not play.
    """
    cores = Cores.of_this_machine()
    logs = Path(tempfile.mkdtemp(prefix="bench-services-"))
    _say(f"What the applications write: {logs}")
    with database(cores) as url:
        return Run(options, cores, url, logs).figures()


def _endpoint_figures(name: str, taken: Comparison, target: Target) -> list[Figure]:
    def beside_floor(what: str, unit: str, measure: Callable[[Sample], float]) -> Figure:
        return Figure(f"{name}: {what}", taken.median(SERVICE, measure), unit, taken.median(FLOOR, measure))

    return [
        beside_floor("requests", "/s", attrgetter("per_second")),
        Figure(f"{name}: rate to floor", taken.rate_ratio(SERVICE, FLOOR), "", None, target),
        Figure(f"{name}: rate to floor, by CPU time", taken.cpu_ratio(SERVICE, FLOOR), "", None, target),
        Figure(f"{name}: rate to template", taken.rate_ratio(SERVICE, TEMPLATE), "", None, TWICE),
        Figure(f"{name}: rate to template, by CPU time", taken.cpu_ratio(SERVICE, TEMPLATE), "", None, TWICE),
        Figure(f"{name}: requests of the template", taken.median(TEMPLATE, attrgetter("per_second")), "/s"),
        Figure(f"{name}: CPU per request of the template", taken.median(TEMPLATE, attrgetter("cpu")), "µs"),
        beside_floor("CPU per request", "µs", attrgetter("cpu")),
        beside_floor("p50", "ms", attrgetter("p50")),
        beside_floor("p90", "ms", attrgetter("p90")),
        beside_floor("p99", "ms", attrgetter("p99")),
    ]


def _token() -> str:
    return TokenSigner(SignerSettings(jwt_secret=SecretStr(JWT_SECRET))).sign(Principal.of_service("bench")).token


def _create_user(service: Running) -> str:
    user = {"email": "read@example.com", "name": "Ann Example"}
    answer = httpx2.post(f"http://127.0.0.1:{service.port}/users", json=user)
    answer.raise_for_status()
    user_id: str = answer.json()["id"]
    return user_id


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
