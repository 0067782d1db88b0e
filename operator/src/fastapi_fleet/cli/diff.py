"""`fleet diff`."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from fastapi_fleet.cli.cluster import ASKING, ContextName, Namespace, in_cluster
from fastapi_fleet.cli.consoles import answers
from fastapi_fleet.cli.exits import ExitCode
from fastapi_fleet.cli.files import Files
from fastapi_fleet.cli.output import Format, print_data
from fastapi_fleet.cli.patience import told_when_slow
from fastapi_fleet.cli.resources import CallerNamespaces, OperatorNamespace, valid_resources
from fastapi_fleet.kube.http_client import HttpKubeClient

if TYPE_CHECKING:
    from fastapi_fleet.kube.kinds import Object
    from fastapi_fleet.preview.changes import ObjectChange
    from fastapi_fleet.preview.preview import Preview

EXAMPLES = "Examples: fleet diff shop.yaml · fleet diff k8s/*.yaml -n team -o json · helm template . | fleet diff -"

_MARKS = {"create": ("+", "green"), "change": ("~", "yellow"), "delete": ("-", "red")}


def diff(
    files: Files,
    namespace: Namespace = None,
    context: ContextName = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="How to print the changes.")] = Format.TEXT,
    caller_namespace: CallerNamespaces = None,
    operator_namespace: OperatorNamespace = "fastapi-fleet-system",
) -> None:
    """Tell what applying the FastAPIServices and FleetPlatforms in files would change in the cluster.

    Beside the resources themselves: every object that the operator would write or delete for them, by its own code and
    by field, and whether pods are replaced. Nothing is written. Values of Secrets are never shown. Exit code 1 says
    that something would change.
    """
    from fastapi_fleet.preview.preview import OperatorSettings, preview

    resources = valid_resources(files)
    settings = OperatorSettings(tuple(caller_namespace or ()), operator_namespace)

    async def read(client: HttpKubeClient, where: str) -> "Preview":
        with told_when_slow(ASKING):
            return await preview(client, [_placed(resource, where) for resource in resources], settings)

    found = in_cluster(read, namespace, context)
    if output is Format.TEXT:
        _print(found)
    else:
        print_data({"differs": bool(found.changes), **asdict(found)}, output)
    if found.changes:
        raise typer.Exit(ExitCode.FOUND)


def _placed(resource: "Object", namespace: str) -> "Object":
    return resource | {"metadata": {"namespace": namespace} | resource["metadata"]}


def _print(found: "Preview") -> None:
    console = answers()
    for change in found.changes:
        _print_change(change, console)
    for waiting in found.waiting:
        what = f"{waiting.kind} {waiting.namespace}/{waiting.name}"
        console.print(Text(f"! {what}: the operator would leave its children as they are: {waiting.message}", "yellow"))
    console.print(_sum(found.changes))


def _print_change(change: "ObjectChange", console: Console) -> None:
    mark, style = _MARKS[change.action]
    line = Text(f"{mark} {change.kind} {change.namespace}/{change.name}", style)
    if change.action == "change" and not change.fields:
        line.append(": written again, and no field changes")
    console.print(line.append(": pods are replaced") if change.restarts else line)
    for field in change.fields:
        console.print(Text(f"    {field.field}: {_written(field.before)} → {_written(field.after)}"))


def _written(value: object) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _sum(changes: "Iterable[ObjectChange]") -> str:
    actions = [change.action for change in changes]
    if not actions:
        return "nothing would change"
    return (
        f"{actions.count('create')} to create, {actions.count('change')} to change, {actions.count('delete')} to delete"
    )
