"""`fleet render`."""

from typing import Annotated

import typer

from fastapi_fleet.cli.consoles import remarks
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.files import Files
from fastapi_fleet.cli.output import Structured, print_objects
from fastapi_fleet.cli.patience import told_when_slow
from fastapi_fleet.cli.resources import CallerNamespaces, OperatorNamespace, valid_resources

EXAMPLES = (
    "Examples: fleet render shop.yaml platform.yaml · fleet render shop.yaml --without ServiceMonitor -n team · "
    "fleet render - -o json < shop.yaml"
)


def render(
    files: Files,
    output: Annotated[Structured, typer.Option("--output", "-o", help="How to print the objects.")] = Structured.YAML,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of resources that name none.")
    ] = "default",
    without: Annotated[
        list[str] | None,
        typer.Option(help="Optional kind that the cluster lacks, such as HTTPRoute. Again for each."),
    ] = None,
    caller_namespace: CallerNamespaces = None,
    operator_namespace: OperatorNamespace = "fastapi-fleet-system",
) -> None:
    """Print what the operator would apply for the FastAPIServices and FleetPlatforms in files.

    It is the operator's own code that renders; no cluster is asked. What no file says is taken for granted, and told on
    standard error. Generated values show as GENERATED, so hashes in annotations are others than in a cluster.
    """
    from fastapi_fleet.offline.rendering import ClusterSettings
    from fastapi_fleet.offline.rendering import render as rendered

    settings = ClusterSettings(namespace, _optional(without or []), caller_namespace or (), operator_namespace)
    resources = valid_resources(files)
    with told_when_slow("rendering"):
        result = rendered(resources, settings)
    notes = remarks()
    for assumption in result.assumptions:
        notes.print(f"assumed: {assumption}", style="dim", markup=False)
    print_objects(result.manifests, output)


def _optional(names: list[str]) -> list[str]:
    from fastapi_fleet.kube.kinds import OPTIONAL

    known = [kind.name for kind in OPTIONAL]
    for name in names:
        if name not in known:
            fail(f"--without {name}: every cluster has it", f"Optional are {', '.join(known)}.", ExitCode.USAGE)
    return names
