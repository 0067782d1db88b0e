"""The command: options in, table out."""

import asyncio
import signal
import sys

import aiohttp
from fastapi_fleet.errors import ReconcileError
from figures import Figure, as_json, table

from operator_bench.api_server import MeasurementError
from operator_bench.options import Options, parse_options
from operator_bench.run import run

EXIT_INTERRUPTED = 130


def main() -> None:
    """Exits with 1 when something could not be measured, never for what the figures are."""
    options = parse_options()
    try:
        figures = asyncio.run(_run_until_stopped(options))
    except (MeasurementError, ReconcileError, aiohttp.ClientError, TimeoutError) as error:
        sys.exit(f"Could not measure: {str(error) or type(error).__name__}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(EXIT_INTERRUPTED)
    print(table(figures, floor="bare loop"))
    if options.json_file is not None:
        options.json_file.parent.mkdir(parents=True, exist_ok=True)
        options.json_file.write_text(as_json(figures, services=options.services), encoding="utf-8")


async def _run_until_stopped(options: Options) -> list[Figure]:
    task = asyncio.ensure_future(run(options))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
