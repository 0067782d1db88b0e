"""The OpenAPI document: complete enough that clients are generated from it."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from fleetkit.problems import Problem, declare_problem

TAGS = [
    {"name": "health", "description": "For whoever runs the service: whether it lives, and whether it can serve."},
    {"name": "operations", "description": "For whoever runs the service: figures, and what it was configured with."},
]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_REFUSED = str(HTTPStatus.UNPROCESSABLE_ENTITY.value)
# What the framework declares for a refused request; here such an answer is a problem as any other.
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def operation_id(route: APIRoute) -> str:
    """The name of an operation in generated clients: that of its function, whatever its path becomes."""
    return route.name


def install_api_document(app: FastAPI) -> None:
    """Makes the document of `app` declare what any endpoint may answer: what it refuses, its own errors."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(generate())
        return generate()

    # The framework's own place for this.
    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update({**problem.pop("$defs"), "Problem": problem})
    for operation in _operations(document):
        responses = operation["responses"]
        if _REFUSED in responses:
            responses[_REFUSED] = declare_problem(HTTPStatus.UNPROCESSABLE_ENTITY)
        if "requestBody" in operation:
            _declare(responses, HTTPStatus.BAD_REQUEST)
            _declare(responses, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        _declare(responses, HTTPStatus.INTERNAL_SERVER_ERROR)


def _declare(responses: dict[str, Any], status: HTTPStatus) -> None:
    responses.setdefault(str(status.value), declare_problem(status))


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (operation for method, operation in path.items() if method in _METHODS)
