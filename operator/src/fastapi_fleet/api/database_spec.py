"""The own database of a FastAPIService."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from fastapi_fleet.api.model import ApiModel, Argument, cel, cel_rules
from fastapi_fleet.api.pool_spec import DatabasePool
from fastapi_fleet.api.rotation_spec import RotateEvery

DeletionPolicy = Literal["Retain", "Delete"]
"""What becomes of data when the FastAPIService is deleted. Taking the field out of the spec never deletes any."""

_IS_ALEMBIC = (
    "self.command[0].matches('^(.*/)?alembic$') || "
    "self.command[0].matches('^(.*/)?python[0-9.]*$') && self.command.size() > 2 && self.command[1] == '-m' "
    "&& self.command[2] in ['alembic', 'fleetkit.migrate']"
)


class Migrations(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                f"self.onSchemaAhead != 'Block' || {_IS_ALEMBIC}",
                "database.migrations.onSchemaAhead: Block needs a command of Alembic, which begins with alembic, "
                "python -m alembic or python -m fleetkit.migrate",
                field_path=".onSchemaAhead",
            )
        )
    )
    command: list[Argument] = Field(
        min_length=1,
        max_length=64,
        description="Brings the tables to what the image needs: run once for each image, before its first pod, with "
        "the DATABASE_URL of a role that may change them. The service itself only reads and writes rows then.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    timeout_seconds: int = Field(
        600, ge=1, le=86400, description="How long all attempts together may take until the migration counts as failed."
    )
    on_schema_ahead: Literal["Allow", "Block"] = Field(
        "Allow",
        description="What becomes of an image whose Alembic scripts do not know the revision that the database has, as "
        "after a rollback. Allow rolls it out without its migrations, Block leaves what runs.",
    )

    @property
    def blocks_newer_schema(self) -> bool:
        return self.on_schema_ahead == "Block"


class Database(ApiModel):
    connection_limit: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        None, description="Most connections that the role may hold at once. Unlimited when left out."
    )
    pool: DatabasePool | None = Field(
        None,
        description="Connections of each process, told to it by variables and counted against connectionLimit and "
        "against the server's own limit. Left out, neither.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a database and a role of the service's name that the operator did not make: "
        "all in it becomes the owner role's, and the role's password changes. Without it they are refused.",
    )
    deletion_policy: DeletionPolicy = Field(
        "Retain",
        description="What becomes of the database when the FastAPIService is deleted: Retain ends its logins and keeps "
        "the data for a service of the same name, Delete drops it.",
    )
    rotate_every: RotateEvery | None = Field(
        None,
        description="How old a password of the database may become, such as 12h or 30d. The pods restart one by one "
        "with a new one, no request fails, and then the old one is locked. Never by itself when left out.",
    )
    migrations: Migrations | None = Field(
        None, description="Migrations apart from the service's own pods. Left out, the service migrates itself."
    )
