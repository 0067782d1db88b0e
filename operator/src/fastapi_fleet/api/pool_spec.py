"""The pool of database connections that each process of a service may open."""

from typing import Final

from pydantic import Field

from fastapi_fleet.api.model import ApiModel

POOL_VARIABLES: Final = ("DATABASE_POOL_SIZE", "DATABASE_POOL_OVERFLOW", "DATABASE_POOL_MAX")
"""Environment variables that a pool in the spec sets: SQLAlchemy's two numbers, and their sum for who knows one."""


class DatabasePool(ApiModel):
    size: int = Field(ge=1, le=100, description="Connections that each process keeps, as DATABASE_POOL_SIZE.")
    overflow: int = Field(
        0,
        ge=0,
        le=100,
        description="Connections that it opens beyond them under load, as DATABASE_POOL_OVERFLOW. DATABASE_POOL_MAX, "
        "which fleetkit reads, is the sum of both.",
    )
    beside: int = Field(
        0,
        ge=0,
        le=100,
        description="Connections that it opens beside the pool: 1 where fleetkit publishes events, for it listens by "
        "one of its own. Counted, and told to nobody.",
    )

    @property
    def most(self) -> int:
        """What the pool itself opens."""
        return self.size + self.overflow
