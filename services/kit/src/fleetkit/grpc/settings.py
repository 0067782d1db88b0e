"""Settings of a service that can answer over gRPC."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class GrpcSettings(BaseSettings):
    """Where `GRPC_PORT` is not set there is no gRPC. `GRPC_REFLECTION` tells anybody of the API: for development."""

    grpc_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    grpc_reflection: bool = False
