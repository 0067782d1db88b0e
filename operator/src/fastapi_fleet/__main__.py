"""The operator's command."""

import argparse
import asyncio
import signal
import sys
from importlib.metadata import version

import structlog
import uvloop
from pydantic import ValidationError

from fastapi_fleet.config import OperatorSettings
from fastapi_fleet.errors import ReconcileError
from fastapi_fleet.handlers.login import log_in
from fastapi_fleet.kube.connection import Connection
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.logging import configure_logging
from fastapi_fleet.runtime import Runtime

EXIT_USAGE = 2

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the operator until SIGTERM or SIGINT. Exits with 2 on bad settings, with 1 when a part of it fails."""
    _parse_arguments()
    try:
        settings = OperatorSettings()
    except ValidationError as error:
        sys.exit(_report(error))
    configure_logging(settings.log_level)
    sys.exit(uvloop.run(_run(settings)))


async def _run(settings: OperatorSettings) -> int:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    try:
        await Runtime(settings, HttpKubeClient(Connection(log_in))).run(stop)
    except ReconcileError as error:
        log.error("Operator cannot run", error=str(error))  # noqa: TRY400 - the message says it all
        return 1
    except Exception:
        log.exception("Operator failed")
        return 1
    log.info("Operator stopped")
    return 0


def _parse_arguments() -> None:
    settings = "\n".join(
        f"  FLEET_{name.upper():<18} {field.description or 'debug, info, warning or error'} Default: {field.default!r}"
        for name, field in OperatorSettings.model_fields.items()
    )
    parser = argparse.ArgumentParser(
        prog="fastapi-fleet-operator",
        description="Runs FastAPIService resources. Finds the cluster by service account or kubeconfig.",
        epilog=f"settings, from the environment:\n{settings}\n\nexample:\n  FLEET_WORKERS=4 fastapi-fleet-operator",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version("fastapi-fleet-operator"))
    parser.parse_args()


def _report(error: ValidationError) -> int:
    for problem in error.errors(include_url=False, include_input=False):
        name = "FLEET_" + "_".join(str(part) for part in problem["loc"]).upper()
        print(f"{name}: {problem['msg']}", file=sys.stderr)  # noqa: T201 - logs are not configured yet
    return EXIT_USAGE


if __name__ == "__main__":
    main()
