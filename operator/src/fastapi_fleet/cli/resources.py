"""The project's resources in files, and what is said of the operator that acts on them."""

from typing import TYPE_CHECKING, Annotated

import typer

from fastapi_fleet.cli.consoles import remarks
from fastapi_fleet.cli.exits import ExitCode, fail
from fastapi_fleet.cli.files import read_files
from fastapi_fleet.cli.patience import told_when_slow

if TYPE_CHECKING:
    from fastapi_fleet.kube.kinds import Object

CallerNamespaces = Annotated[
    list[str] | None, typer.Option(help="Namespace of the operator's callerNamespaces. Again for each.")
]
OperatorNamespace = Annotated[str, typer.Option(help="Namespace of the operator.")]

_LEAST = (
    "The least is: {apiVersion: fastapi-fleet.io/v1alpha1, kind: FastAPIService, metadata: {name: shop}, "
    'spec: {image: "shop:1"}}'
)


def valid_resources(files: list[str]) -> "list[Object]":
    """What is in files, of which the project knows. Ends the command where there are errors, or nothing of its own."""
    from fastapi_fleet.cli.problems import print_problems
    from fastapi_fleet.offline.validation import read_resources

    texts = read_files(files)
    with told_when_slow("reading every resource"):
        resources, problems = read_resources(texts)
    if problems:
        print_problems(problems, remarks())
        fail("these files have errors", "Mend them; fleet validate tells them, too.", ExitCode.FOUND)
    if not any(resource["kind"] in ("FastAPIService", "FleetPlatform") for resource in resources):
        fail("no file has a FastAPIService or FleetPlatform", _LEAST, ExitCode.USAGE)
    return resources
