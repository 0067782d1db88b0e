"""Errors as types, answered as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from fleetkit.body_limit import BodyTooLargeError

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)


_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds after which the same request may succeed", "schema": {"type": "integer"}}
}
_CHALLENGE = {"WWW-Authenticate": {"description": "How to say who asks", "schema": {"type": "string"}}}
_HEADERS = {
    HTTPStatus.UNAUTHORIZED: _CHALLENGE,
    HTTPStatus.TOO_MANY_REQUESTS: _RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: _RETRY_AFTER,
}


class FieldProblem(BaseModel):
    """One field of a request that was refused."""

    field: Annotated[str, Field(description="Where it is, as in `items.0.quantity`", examples=["items.0.quantity"])]
    message: Annotated[str, Field(description="What is wrong with it, in English")]


class Problem(BaseModel):
    """The body of every error answer (RFC 9457)."""

    type: Annotated[str, Field(description="Names the kind of problem", examples=["urn:problem-type:not_found"])]
    title: Annotated[str, Field(description="The phrase of the status", examples=["Not Found"])]
    status: Annotated[int, Field(description="The status of the answer", examples=[404])]
    code: Annotated[str, Field(description="For programs: stays when the wording changes", examples=["not_found"])]
    detail: Annotated[str | None, Field(description="For people: what happened here")] = None
    errors: Annotated[list[FieldProblem] | None, Field(description="Every field that was refused")] = None


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


class TooManyRequestsError(ServiceError):
    """More was asked for than is given in this time."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "too_many_requests"

    def __init__(self, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


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
    # A response model would be declared as application/json too, which no problem is.
    schema = {"$ref": "#/components/schemas/Problem"}
    declared: dict[str, Any] = {"description": status.phrase, "content": {MEDIA_TYPE: {"schema": schema}}}
    if status in _HEADERS:
        declared["headers"] = _HEADERS[status]
    return declared


def install_problem_handlers(app: FastAPI) -> None:
    """Makes every error answer of `app` a problem, unknown paths and refused requests included."""
    app.add_exception_handler(ServiceError, _answer_service_error)
    app.add_exception_handler(RequestValidationError, _answer_refused_request)
    app.add_exception_handler(HTTPException, _answer_http_exception)
    app.add_exception_handler(BodyTooLargeError, _answer_too_large_body)


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


async def _answer_http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return problem_response(status, status.name.lower(), error.detail, headers=headers)


async def _answer_too_large_body(_request: Request, error: Exception) -> Response:
    if not isinstance(error, BodyTooLargeError):
        raise error
    # The server lets what is left of the body go by, so that the caller comes to read this.
    return problem_response(error.status_code, "body_too_large", error.detail)


def _allowed_methods(request: Request) -> set[str]:
    """The methods of all routes with the request's path: the framework knows those of the first alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return {
        method
        for route in iter_route_contexts(request.app.routes)
        if route.methods and route.path and compile_path(route.path)[0].match(path)
        for method in route.methods
    }
