"""The own database of a FastAPIService."""

from typing import Annotated, Literal

from pydantic import Field

from fastapi_fleet.api.model import ApiModel

DeletionPolicy = Literal["Retain", "Delete"]
"""What becomes of data when the FastAPIService is deleted. Taking the field out of the spec never deletes any."""


class Database(ApiModel):
    connection_limit: Annotated[int, Field(ge=1, le=10000)] | None = Field(
        None, description="Most connections that the role may hold at once. Unlimited when left out."
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
