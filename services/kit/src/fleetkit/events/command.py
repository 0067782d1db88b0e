"""The command for parked events: what they are, and bringing them back."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

from pydantic import BaseModel

from fleetkit.events.parking import ParkedEvent, ParkingLot, ParkingUnavailableError
from fleetkit.settings import BrokerSettings, SettingsError, load_settings

DONE, NOT_DONE, WRONG_USE = 0, 1, 2
_PROGRESS_EVERY = 100
_EXAMPLES = """
Runs with the environment of the service: RABBITMQ_URL, or EVENTS_BACKEND=kafka and KAFKA_BOOTSTRAP_SERVERS.
The service is SERVICE_NAME, unless --service names it.

examples:
  python -m fleetkit.events list --service orders --type user.registered
  python -m fleetkit.events replay --service orders --type user.registered --dry-run
  python -m fleetkit.events replay --service orders --type user.registered --limit 100
  python -m fleetkit.events replay --service orders --type user.registered --id 6f1c0f5e-8f0a-4a58-9f6e-0c7d2f1d1c11
  docker compose exec orders python -m fleetkit.events list --service orders --type user.registered
  kubectl exec deploy/orders -- python -m fleetkit.events list --type user.registered

exit status:
  0  done
  1  not or not wholly done: the broker is away, there is no such queue, or no such event
  2  wrong use, or a setting is missing
"""


class Arguments(BaseModel):
    """The command line, checked."""

    command: Literal["list", "replay"]
    service: str | None
    event_type: str
    limit: int | None
    event_id: str | None = None
    dry_run: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line and returns its exit status."""
    wanted = Arguments.model_validate(vars(_parser().parse_args(arguments)))
    logging.basicConfig(level=logging.CRITICAL)  # what goes wrong is said in a line of its own
    try:
        lot = open_parking_lot(load_settings(BrokerSettings), _service(wanted))
    except SettingsError as error:
        return _fail(str(error), WRONG_USE)
    try:
        return asyncio.run(_run(wanted, lot))
    except ParkingUnavailableError as error:
        return _fail(str(error), NOT_DONE)


def open_parking_lot(settings: BrokerSettings, service: str) -> ParkingLot:
    """Where the service's parked events are, on the broker that is chosen.

    Raises:
        SettingsError: the broker's address is not set.
    """
    if settings.events_backend == "kafka":
        from fleetkit.events.kafka.backend import kafka_parking_lot

        return kafka_parking_lot(settings, service)
    from fleetkit.events.rabbitmq.parking import RabbitParkingLot

    if settings.rabbitmq_url is None:
        raise SettingsError("RABBITMQ_URL: is required with EVENTS_BACKEND=rabbitmq")
    return RabbitParkingLot(settings.rabbitmq_url, service, timeout_seconds=settings.events_publish_timeout)


def _service(wanted: Arguments) -> str:
    service = wanted.service or os.environ.get("SERVICE_NAME")
    if not service:
        raise SettingsError("SERVICE_NAME: is required, or --service")
    return service


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fleetkit.events",
        description="Shows the events that a service could not apply, and brings them back to it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="show what is parked and why; it stays parked")
    replaying = commands.add_parser("replay", help="bring parked events back to the service, oldest first")
    for command in (listing, replaying):
        command.add_argument("--type", dest="event_type", required=True, help="the event type, as user.registered")
        command.add_argument("--service", help="whose events; SERVICE_NAME unless given")
        command.add_argument("--limit", type=_positive, help="at most so many")
    replaying.add_argument("--id", dest="event_id", help="only the event with this id")
    replaying.add_argument("--dry-run", action="store_true", help="say what would be replayed and leave it parked")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


async def _run(wanted: Arguments, lot: ParkingLot) -> int:
    if wanted.command == "list":
        return await _list(wanted, lot)
    return await _replay(wanted, lot)


async def _list(wanted: Arguments, lot: ParkingLot) -> int:
    shown = 0
    async for event in _chosen(wanted, lot.browse(wanted.event_type)):
        _print_line(_line(event))
        shown += 1
    _report(f"{shown} parked events of {wanted.event_type}")
    return DONE


async def _replay(wanted: Arguments, lot: ParkingLot) -> int:
    done = 0
    async for event in _chosen(wanted, lot.browse(wanted.event_type)):
        if not wanted.dry_run:
            await lot.replay(event)
        _print_line(_line(event))
        done += 1
        if done % _PROGRESS_EVERY == 0:
            _report(f"{done} so far")
    _report(f"{done} events of {wanted.event_type} {'would be replayed' if wanted.dry_run else 'were replayed'}")
    if wanted.event_id and not done:
        return _fail(f"no event with the id {wanted.event_id} is parked", NOT_DONE)
    return DONE


async def _chosen(
    wanted: Arguments, parked: AbstractAsyncContextManager[AsyncIterator[ParkedEvent]]
) -> AsyncIterator[ParkedEvent]:
    chosen = 0
    async with parked as events:
        async for event in events:
            if wanted.event_id in {None, event.id}:
                yield event
                chosen += 1
                if chosen == wanted.limit or wanted.event_id:
                    return


def _line(event: ParkedEvent) -> str:
    when = event.failed_at.isoformat(timespec="seconds") if event.failed_at else "-"
    return "\t".join([event.id or "-", when, str(event.attempts), event.exception or "-", event.reason or "-"])


def _print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _report(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _fail(reason: str, status: int) -> int:
    _report(f"error: {reason}")
    return status
