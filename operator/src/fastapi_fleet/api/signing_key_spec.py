"""A key that a service signs tokens with, and how it is exchanged."""

from typing import Annotated

from pydantic import Field, StringConstraints

from fastapi_fleet.api.model import ApiModel, EnvName
from fastapi_fleet.api.rotation_spec import RotateEvery

Span = Annotated[str, StringConstraints(min_length=2, max_length=6, pattern=r"^[1-9][0-9]{0,4}[smhd]$")]
"""Such as 90s, 10m, 24h or 7d."""


class SigningKey(ApiModel):
    """An Ed25519 key in PEM (PKCS #8), made once."""

    other_env: EnvName = Field(
        description="Environment variable that receives the second key during a rotation: first the next one, then "
        "the one before. The service publishes and accepts it, and never signs with it. Empty at other times."
    )
    rotate_every: RotateEvery | None = Field(
        None, description="How often the key is replaced, in hours or days: 12h, 30d. Left out: when fleet rotate asks."
    )
    publish_before: Span = Field(
        "10m",
        description="How long the next key is published, by every pod, before it signs: at least as long as verifiers "
        "keep the keys that they have fetched. In s, m, h or d.",
    )
    keep_after: Span = Field(
        "24h",
        description="How long the key before is still accepted once no pod signs with it: at least as long as tokens "
        "are good. In s, m, h or d.",
    )
