"""The smallest OpenAPI documents around what a test is about."""

from typing import Any


def document(operation: dict[str, Any], *, method: str = "get", openapi: str = "3.1.0") -> dict[str, Any]:
    return {"openapi": openapi, "paths": {"/users": {method: operation}}}


def asking(parameters: Any, **more: Any) -> dict[str, Any]:
    return document({"parameters": parameters, "responses": {}}, **more)


def sending(schema: Any, **more: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return document({"requestBody": body, "responses": {}}, method="post", **more)


def answering(schema: Any, **more: Any) -> dict[str, Any]:
    answer = {"description": "Found", "content": {"application/json": {"schema": schema}}}
    return document({"responses": {"200": answer}}, **more)
