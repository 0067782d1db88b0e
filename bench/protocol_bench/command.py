"""The command: options in, a table out."""

import asyncio
import sys

import uvloop
from figures import as_json, table
from fleetkit.logs import configure_logging
from fleetkit.testing import MissingVariableError
from fleetkit.upstream.errors import UpstreamUnavailableError
from service_bench.errors import MeasurementError

from protocol_bench.options import parse_options
from protocol_bench.run import run


def main() -> None:
    """Measures and prints; see `--help`."""
    options = parse_options()
    configure_logging("bench", "ERROR")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures = runner.run(run(options))
    except (MissingVariableError, MeasurementError, UpstreamUnavailableError) as error:
        sys.exit(f"could not measure: {error}")
    print(table(figures, floor="HTTP"))
    if options.json_file:
        options.json_file.write_text(as_json(figures, calls=options.calls, at_once=options.at_once))
