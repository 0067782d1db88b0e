"""The order of a run: the floor first, without an operator, then everything with it."""

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
from figures import Figure

from operator_bench.api_server import ApiServer, connect, use_context
from operator_bench.cluster_operator import ClusterOperator, running_afterwards
from operator_bench.deployments import DeploymentWatch, watch_deployments
from operator_bench.fleet import Fleet
from operator_bench.floor import Floor, measure_floor
from operator_bench.measurements import (
    measure_backed,
    measure_burst,
    measure_gentle,
    measure_idle,
    measure_image_edits,
    measure_no_op,
    measure_restart,
    measure_soak,
)
from operator_bench.namespace import fresh_namespace
from operator_bench.operators import Operator
from operator_bench.options import Measurement, OperatorKind, Options
from operator_bench.process_operator import ProcessOperator

GENTLE_SERVICES = 100
EDITED_SERVICES = 30
BACKED_SERVICES = 60


class Step(NamedTuple):
    measurement: Measurement
    what: str
    measure: Callable[[], Awaitable[list[Figure]]]


class Run:
    def __init__(self, api: ApiServer, options: Options) -> None:
        self._options = options
        self._fleet = Fleet(api, options.namespace)
        self._burst = [f"burst-{at:04}" for at in range(options.services)]
        self._gentle = [f"gentle-{at:04}" for at in range(min(GENTLE_SERVICES, options.services))]
        self._backed = [f"backed-{at:04}" for at in range(min(BACKED_SERVICES, options.services))]
        self._edited = self._burst[:EDITED_SERVICES]

    async def floor(self) -> Floor:
        """To be called while no operator runs."""
        _say(f"Measuring the bare loop with {len(self._burst)} services")
        async with fresh_namespace(self._fleet.api, self._options.namespace):
            floor = await measure_floor(self._fleet, self._burst, self._gentle, self._edited)
            _say("Removing its services")
        return floor

    async def figures(self, operator: Operator, floor: Floor | None) -> list[Figure]:
        """To be called while the operator runs."""
        figures = []
        async with (
            fresh_namespace(self._fleet.api, self._options.namespace),
            watch_deployments(self._fleet.api, self._options.namespace) as watch,
        ):
            for measurement, what, measure in self._steps(operator, watch, floor):
                if measurement in self._options.only or measurement is Measurement.BURST:
                    _say(what)
                    figures += await measure()
            _say("Removing the services")
        return figures

    def _steps(self, operator: Operator, watch: DeploymentWatch, floor: Floor | None) -> list[Step]:
        fleet, burst, gentle, edited = self._fleet, self._burst, self._gentle, self._edited
        return [
            Step(
                Measurement.BURST,
                f"Creating {len(burst)} services at once",
                lambda: measure_burst(operator, fleet, watch, burst, floor),
            ),
            Step(
                Measurement.GENTLE,
                f"Creating {len(gentle)} services at 5 a second",
                lambda: measure_gentle(operator, fleet, watch, gentle, floor),
            ),
            Step(
                Measurement.EDIT,
                f"Editing {len(edited)} images",
                lambda: measure_image_edits(operator, fleet, watch, edited, floor),
            ),
            Step(
                Measurement.IDLE,
                "Watching the idle operator for a minute",
                lambda: measure_idle(operator, len(watch.first_seen)),
            ),
            Step(
                Measurement.BACKED,
                f"Creating {len(self._backed)} services with database and broker at 2 a second, and a minute of them",
                lambda: measure_backed(operator, fleet, watch, self._backed),
            ),
            Step(Measurement.NO_OP, "Applying everything again", lambda: measure_no_op(operator, fleet)),
            Step(
                Measurement.RESTART,
                "Restarting the operator",
                lambda: measure_restart(operator, len(watch.first_seen)),
            ),
            Step(
                Measurement.SOAK,
                f"Changing services {self._options.changes} times",
                lambda: measure_soak(operator, fleet, burst, self._options.changes),
            ),
        ]


async def run(options: Options) -> list[Figure]:
    """Raises MeasurementError, ReconcileError or aiohttp.ClientError when the cluster or the operator does not play."""
    with tempfile.TemporaryDirectory(prefix="bench-operator-") as directory:
        use_context(options.context, Path(directory) / "kubeconfig")
        async with connect() as api:
            installed = ClusterOperator(api)
            async with running_afterwards(installed):
                return await _measure(Run(api, options), installed, options)


async def _measure(the_run: Run, installed: ClusterOperator, options: Options) -> list[Figure]:
    floor = None
    if options.stops_installed_operator:
        await installed.stop()
    if Measurement.BARE in options.only:
        floor = await the_run.floor()
        if not options.needs_operator:
            return [Figure("bare loop: services to all Deployments", floor.burst.per_second, "/s")]
    async with _operator(installed, options) as operator:
        await operator.start()
        return await the_run.figures(operator, floor)


@asynccontextmanager
async def _operator(installed: ClusterOperator, options: Options) -> AsyncIterator[Operator]:
    if options.operator is OperatorKind.CLUSTER:
        yield installed
        return
    log = Path(tempfile.mkdtemp(prefix="bench-operator-")) / "operator.log"
    _say(f"The operator's log: {log}")
    async with aiohttp.ClientSession() as http:
        operator = ProcessOperator(http, port=options.port, namespace=options.namespace, log=log)
        try:
            yield operator
        finally:
            await operator.stop()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
