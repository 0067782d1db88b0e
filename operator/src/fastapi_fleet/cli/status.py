"""`fleet status`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console, RenderableType

from fastapi_fleet.cli.cluster import ASKING, ContextName, Namespace, in_cluster
from fastapi_fleet.cli.exits import ExitCode
from fastapi_fleet.cli.output import Format, print_data
from fastapi_fleet.cli.patience import told_when_slow
from fastapi_fleet.cli.service_tree import overview, service_tree
from fastapi_fleet.cli.services import AnyService, get_service
from fastapi_fleet.constants import LABEL_OWNER_KIND, LABEL_OWNER_NAME
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.kinds import FASTAPI_SERVICE, FLEET_PLATFORM, POD, Object, ObjectKey
from fastapi_fleet.report.service_report import ServiceReport, platform_of, report_service

UNBROKEN_WIDTH = 10_000

EXAMPLES = "Examples: fleet status · fleet status shop -n team · fleet status shop -o json"


def status(
    name: AnyService = None,
    namespace: Namespace = None,
    context: ContextName = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print it.")] = Format.TEXT,
) -> None:
    """Tell why services are ready or not: conditions, pods, revisions and servers, and what to do about it.

    Exit code 1 says that one of them is not ready.
    """

    async def read(client: KubeClient, where: str) -> tuple[str, list[ServiceReport]]:
        if name is not None:
            return where, await _reports(client, where, [await get_service(client, where, name)])
        with told_when_slow(ASKING):
            services = await client.list_objects(FASTAPI_SERVICE, where, None)
        return where, await _reports(client, where, services)

    where, reports = in_cluster(read, namespace, context)
    if output is not Format.TEXT:
        print_data([asdict(report) for report in reports] if name is None else asdict(reports[0]), output)
    else:
        _print(overview(where, reports) if name is None else service_tree(reports[0]))
    if not all(report.ready and report.seen for report in reports):
        raise typer.Exit(ExitCode.FOUND)


def _print(report: RenderableType) -> None:
    """A terminal breaks long lines; a file or another program gets them whole."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = UNBROKEN_WIDTH
    console.print(report)


async def _reports(client: KubeClient, namespace: str, services: Sequence[Object]) -> list[ServiceReport]:
    wanted = {platform for service in services if (platform := platform_of(service)) is not None}
    with told_when_slow(ASKING):
        pods = await client.list_objects(POD, namespace, f"{LABEL_OWNER_KIND}={FASTAPI_SERVICE.name}")
        platforms = {name: await client.get(ObjectKey(FLEET_PLATFORM.name, namespace, name)) for name in wanted}
    return [
        report_service(service, _pods_of(service, pods), platforms.get(platform_of(service) or ""))
        for service in services
    ]


def _pods_of(service: Object, pods: Sequence[Object]) -> list[Object]:
    name = service["metadata"]["name"]
    return [pod for pod in pods if pod["metadata"]["labels"].get(LABEL_OWNER_NAME) == name]
