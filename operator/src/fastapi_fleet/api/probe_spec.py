"""Health checks of a container."""

from typing import Annotated

from pydantic import ConfigDict, Field

from fastapi_fleet.api.model import ApiModel, HttpPath, cel, cel_rules
from fastapi_fleet.api.rollout_spec import DEFAULT_STARTUP_SECONDS
from fastapi_fleet.constants import HEALTH_LIVE_PATH, HEALTH_READY_PATH


class Probe(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.timeoutSeconds) || !has(self.periodSeconds) || self.timeoutSeconds <= self.periodSeconds",
                "probes: timeoutSeconds must not be above periodSeconds: the next probe would wait for the last one",
                field_path=".timeoutSeconds",
            )
        ),
    )

    path: HttpPath | None = Field(None, description="HTTP path that answers 2xx when all is well.")
    initial_delay_seconds: Annotated[int, Field(ge=0, le=3600)] | None = Field(
        None, description="Seconds from the container's start to the first probe."
    )
    period_seconds: Annotated[int, Field(ge=1, le=3600)] | None = Field(
        None, description="Seconds from one probe to the next."
    )
    timeout_seconds: Annotated[int, Field(ge=1, le=3600)] | None = Field(
        None, description="Seconds that an answer may take."
    )
    failure_threshold: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        None, description="Failures in a row that count as a failure."
    )


class Probes(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.readiness) || !has(self.readiness.initialDelaySeconds) "
                "|| self.readiness.initialDelaySeconds <= self.startupSeconds",
                "probes.readiness.initialDelaySeconds must not be above probes.startupSeconds: "
                "the rollout would count as stuck before a pod can be ready",
                field_path=".readiness.initialDelaySeconds",
            )
        ),
    )

    liveness: Probe | None = Field(
        None,
        description=f"Restarts a hung process. Default: {HEALTH_LIVE_PATH} after 10 s, every 30 s, 3 failures.",
    )
    readiness: Probe | None = Field(
        None,
        description=f"Takes a pod out of the Service. Default: {HEALTH_READY_PATH} after 5 s, every 10 s, 3 failures.",
    )
    startup_seconds: int = Field(
        DEFAULT_STARTUP_SECONDS,
        ge=1,
        le=3600,
        description="Seconds that the process may take to answer the liveness path for the first time.",
    )
