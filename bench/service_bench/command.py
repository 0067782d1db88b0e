"""The command: options in, table out."""

import sys

import httpx2
from figures import as_json, table

from service_bench.errors import MeasurementError
from service_bench.options import parse_options
from service_bench.run import run

EXIT_INTERRUPTED = 130


def main() -> None:
    """Exits with 1 when something could not be measured, never for what the figures are."""
    options = parse_options()
    try:
        figures = run(options)
    except (MeasurementError, httpx2.HTTPError) as error:
        sys.exit(f"Could not measure: {str(error) or type(error).__name__}")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    print(table(figures, floor="floor"))
    if options.json_file is not None:
        options.json_file.parent.mkdir(parents=True, exist_ok=True)
        content = as_json(figures, rounds=options.rounds, connections=options.connections)
        options.json_file.write_text(content, encoding="utf-8")
