"""`fleet logs`."""

import json
import re
from collections.abc import Mapping
from itertools import cycle
from typing import Annotated, Any

import typer
from rich.text import Text

from fastapi_fleet.api.span import span_of
from fastapi_fleet.cli.cluster import ContextName, Namespace, in_cluster
from fastapi_fleet.cli.consoles import answers, remarks
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.log_stream import Sink, follow_logs, print_logs
from fastapi_fleet.cli.output import Format, print_line
from fastapi_fleet.cli.services import ServiceName, belonging_to, get_service
from fastapi_fleet.constants import LABEL_TRACK
from fastapi_fleet.kube.client import KubeClient
from fastapi_fleet.kube.http_client import HttpKubeClient
from fastapi_fleet.kube.kinds import DEPLOYMENT, JOB, POD, Object, ObjectKey
from fastapi_fleet.report.log_lines import readable
from fastapi_fleet.report.log_pods import in_order, of_newest_job, of_newest_revision
from fastapi_fleet.resources import names
from fastapi_fleet.resources.canary import TRACK

EXAMPLES = (
    "Examples: fleet logs shop · fleet logs shop --follow --since 10m · fleet logs shop --previous · "
    "fleet logs shop --migration · fleet logs shop --canary -f · "
    "fleet logs shop -o json | jq 'select(.line.level == \"error\")'"
)

_JOBS = frozenset({"migration", "preflight"})
_PREFIXES = ("cyan", "magenta", "blue", "green", "yellow")
_LEVELS = {"warning": "yellow", "error": "red", "critical": "bold red", "debug": "dim"}


def logs(
    name: ServiceName,
    *,
    namespace: Namespace = None,
    context: ContextName = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines and pods come, until Ctrl-C.")] = False,
    previous: Annotated[bool, typer.Option("--previous", "-p", help="Of containers before their restart.")] = False,
    since: Annotated[str | None, typer.Option(help="Only what is younger, such as 90s, 10m, 2h or 1d.")] = None,
    tail: Annotated[int | None, typer.Option(min=0, help="Only so many last lines of each pod.")] = None,
    worker: Annotated[bool, typer.Option("--worker", help="Of the worker's pods.")] = False,
    migration: Annotated[bool, typer.Option("--migration", help="Of the newest migration's pods.")] = False,
    preflight: Annotated[bool, typer.Option("--preflight", help="Of the newest preflight's pod.")] = False,
    canary: Annotated[bool, typer.Option("--canary", help="Of the pods of a canary under way.")] = False,
    all_revisions: Annotated[
        bool, typer.Option("--all-revisions", help="Also of pods of earlier revisions that are still there.")
    ] = False,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="For people, or an object for each line, with pod and line.")
    ] = Format.TEXT,
) -> None:
    """Print the logs of a service's pods, those of the newest revision, each line with its pod.

    JSON lines of structlog are put into words. Exit code 1 says that no pod has a log.
    """
    asked = {"worker": worker, "migration": migration, "preflight": preflight, TRACK: canary}
    component, *others = [name for name, is_meant in asked.items() if is_meant] or ["service"]
    if others or (previous and follow):
        fail("these options exclude each other", "Keep one of them: see fleet logs --help.", ExitCode.USAGE)
    params = _params(previous, since, tail)
    sink = _text_sink() if output is Format.TEXT else _data_sink(output)

    async def read(client: HttpKubeClient, where: str) -> int:
        await get_service(client, where, name)
        selector = _selector(name, component)
        there = await client.list_objects(POD, where, selector)
        pods = in_order(there) if all_revisions else await _newest(client, where, name, component, there, selector)
        if follow:
            meant = {pod["metadata"]["uid"] for pod in pods}
            left = {pod["metadata"]["uid"] for pod in there} - meant
            await follow_logs(client, pods, params, sink, namespace=where, selector=selector, except_for=left)
        return await print_logs(client, pods, params, sink)

    try:
        found = in_cluster(read, namespace, context)
    except KeyboardInterrupt:
        if not follow:
            raise
        return
    if not found:
        fail(f"no {component} pod of {name} has such a log", f"What there is: fleet status {name}", ExitCode.FOUND)


def _selector(name: str, component: str) -> str:
    """The component of a canary's pods depends on how requests come to them; the label of its track does not."""
    return f"{belonging_to(name)},{LABEL_TRACK}={TRACK}" if component == TRACK else belonging_to(name, component)


async def _newest(
    client: KubeClient, namespace: str, name: str, component: str, pods: list[Object], selector: str
) -> list[Object]:
    if component == TRACK:
        return in_order(pods)
    if component in _JOBS:
        return of_newest_job(pods, await client.list_objects(JOB, namespace, selector))
    deployment = names.worker(name) if component == "worker" else name
    return of_newest_revision(pods, await client.get(ObjectKey(DEPLOYMENT.name, namespace, deployment)))


def _params(previous: bool, since: str | None, tail: int | None) -> dict[str, str]:
    params = {"container": names.APP_CONTAINER}
    params |= {"previous": "true"} if previous else {}
    params |= {"sinceSeconds": str(_seconds(since))} if since is not None else {}
    return params | ({"tailLines": str(tail)} if tail is not None else {})


def _seconds(since: str) -> int:
    if re.fullmatch(r"[1-9]\d{0,8}[smhd]", since) is None:
        fail(f"--since {since}: no length of time", "For example: 90s, 10m, 2h or 1d.", ExitCode.USAGE)
    return int(span_of(since).total_seconds())


def _data_sink(output: Format) -> Sink:
    def line(pod: str, text: str) -> None:
        print_line({"pod": pod, "line": _value(text)}, output)

    return Sink(line, _missing)


def _value(text: str) -> Any:  # noqa: ANN401 - whatever a container writes
    """A JSON object as such, anything else as a string."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, Mapping) else text


def _text_sink() -> Sink:
    console = answers()
    colours = cycle(_PREFIXES)
    styles: dict[str, str] = {}

    def line(pod: str, text: str) -> None:
        style = styles.get(pod) or styles.setdefault(pod, next(colours))
        read = readable(text)
        for part in (read.text, *read.details):
            console.print(Text.assemble((f"{pod} ", style), (part, _LEVELS.get(read.level, ""))))

    return Sink(line, _missing)


def _missing(pod: str, why: str) -> None:
    remarks().print(Text(f"{pod}: {why}", "dim"))
