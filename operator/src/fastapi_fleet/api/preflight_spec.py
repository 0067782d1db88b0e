"""What is asked of a new image before it is rolled out."""

from typing import Annotated

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel


class Preflight(ApiModel):
    settings: Annotated[
        str,
        StringConstraints(min_length=3, max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"),
    ] = Field(
        "app.config:Settings",
        description="Class of the settings, module:attribute. It is made with the environment of the coming pods; an "
        "image that has none of that name passes, and ConfigValid says so.",
    )
