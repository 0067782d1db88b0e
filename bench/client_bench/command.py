"""The command: options in, a table out."""

import argparse
import asyncio
from collections.abc import Sequence

import uvloop
from figures import Figure, table

from client_bench.clients import CLIENTS, FLOOR, REQUESTS, Api, Client
from client_bench.measure import Ask, cpu_seconds
from client_bench.server import answering_server

EXAMPLES = """examples:
  python bench/bench_client.py                    half a minute
  python bench/bench_client.py --requests 500     a quick look

CPU time of this process alone: the server that answers is another one. Exit code: 0 whatever the figures are."""


def main() -> None:
    """Measures and prints; see `--help`."""
    requests = _parse_requests()
    with answering_server() as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_figures(url, requests))
    print(table(figures, floor=FLOOR))


async def _figures(url: str, requests: int) -> list[Figure]:
    """Rounds of all clients take turns, so that a busy machine is busy for all of them."""
    async with Api.at(url) as api:
        figures = []
        for what in REQUESTS:
            best = await cpu_seconds({name: _asking(client, api, what) for name, client in CLIENTS.items()}, requests)
            floor = best.pop(FLOOR)
            figures += [Figure(f"{what}: {name}", spent * 1e6, "µs CPU", floor * 1e6) for name, spent in best.items()]
        return figures


def _asking(client: Client, api: Api, what: str) -> Ask:
    return lambda: client(api, what)


def _parse_requests(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="bench_client.py",
        description="Measures the CPU time of a request to the Kubernetes API, client beside client.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--requests", type=int, default=2000, metavar="N", help="of a round (default: %(default)s)")
    requests: int = parser.parse_args(arguments).requests
    return requests
