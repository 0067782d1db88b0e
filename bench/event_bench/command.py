"""The command: options in, a table out."""

import asyncio
import sys

from figures import as_json, table
from fleetkit.testing import MissingVariableError

from event_bench.options import parse_options
from event_bench.run import run


def main() -> None:
    """Measures and prints; see `--help`."""
    options = parse_options()
    try:
        figures = asyncio.run(run(options))
    except MissingVariableError as error:
        sys.exit(f"could not measure: {error}")
    except TimeoutError:
        sys.exit("could not measure: events did not arrive in time")
    print(table(figures, floor="bare client"))
    if options.json_file:
        options.json_file.write_text(as_json(figures, events=options.events, rate=options.rate))
