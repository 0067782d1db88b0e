"""What is asked of a new image before it is rolled out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel

ImportPath = Annotated[
    str,
    StringConstraints(min_length=3, max_length=256, pattern=r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"),
]
ContractPolicy = Literal["Off", "Warn", "Block", "RequireApproval"]


class Contract(ApiModel):
    policy: ContractPolicy = Field(
        "Warn",
        description="What becomes of an image whose OpenAPI document breaks callers of the revision that was ready "
        "last. Warn rolls it out and says so, Block does not, RequireApproval waits for fleet approve. Off asks for no "
        "document.",
    )


class Preflight(ApiModel):
    settings: ImportPath = Field(
        "app.config:Settings",
        description="Class of the settings, module:attribute. It is made with the environment of the coming pods; an "
        "image that has none of that name passes, and ConfigValid says so.",
    )
    app: ImportPath | None = Field(
        None,
        description="FastAPI application, or the function that makes it, module:attribute, whose OpenAPI document is "
        "compared. Default: spec.app. An image that has none of that name passes, and ContractCompatible says so.",
    )
    contract: Contract = Field(
        default=Contract(), description="Whether callers can go on with the OpenAPI document of a new image."
    )
