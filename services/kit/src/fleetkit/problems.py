"""Errors as types, answered as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One field of a request that was refused."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error answer."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[FieldProblem] | None = None


class ServiceError(Exception):
    """A refusal that the caller may see: the message becomes `detail`.

    Subclasses say the HTTP status and a code that stays the same when wording changes.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "internal_error"
    retry_after_seconds: int | None = None

    def headers(self) -> dict[str, str]:
        """What the answer says beside the problem."""
        return {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}


class UnauthorizedError(ServiceError):
    """The request does not say who asks, or not in a way that can be believed."""

    status = HTTPStatus.UNAUTHORIZED
    code = "unauthorized"

    def headers(self) -> dict[str, str]:
        """The challenge that goes with every 401 (RFC 9110)."""
        return {"WWW-Authenticate": "Bearer"}


class ForbiddenError(ServiceError):
    """Who asks is known, and may not do this."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class NotFoundError(ServiceError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class ConflictError(ServiceError):
    status = HTTPStatus.CONFLICT
    code = "conflict"


class UnavailableError(ServiceError):
    """Something that the answer needs is away; the same request may succeed later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "unavailable"
    retry_after_seconds = 1


def problem_response(
    status: int,
    code: str,
    detail: str | None = None,
    errors: list[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Builds the answer for one problem."""
    problem = Problem(
        type=f"urn:problem-type:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        errors=errors,
    )
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def problem_responses(*errors: type[ServiceError]) -> dict[int | str, dict[str, Any]]:
    """Declares what an endpoint may raise, for `responses=` of a route or router."""
    return {error.status.value: declare_problem(error.status) for error in errors}


def declare_problem(status: HTTPStatus) -> dict[str, Any]:
    """The OpenAPI description of a problem answer with this status."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}


def install_problem_handlers(app: FastAPI) -> None:
    """Makes every error answer of `app` a problem, unknown paths and refused requests included."""
    app.add_exception_handler(ServiceError, _answer_service_error)
    app.add_exception_handler(RequestValidationError, _answer_refused_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(_schemas())
        return document

    # A response model would be declared as application/json too, which no problem is.
    app.openapi = openapi  # type: ignore[method-assign]


def _schemas() -> dict[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**problem.pop("$defs"), "Problem": problem}


async def _answer_service_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, ServiceError):
        raise error
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("Request could not be served", code=error.code, reason=str(error))
    return problem_response(error.status, error.code, str(error), headers=error.headers())


async def _answer_refused_request(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    fields = [FieldProblem(field=_field_name(detail["loc"]), message=detail["msg"]) for detail in error.errors()]
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", "The request is not valid", errors=fields
    )


def _field_name(location: tuple[int | str, ...]) -> str:
    # The first part says body, path or query; it names no field unless nothing follows.
    return ".".join(str(part) for part in location[1:] or location)


async def _answer_http_exception(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    return problem_response(status, status.name.lower(), error.detail, headers=headers)
