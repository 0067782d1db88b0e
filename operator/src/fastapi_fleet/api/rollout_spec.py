"""How a new revision takes over from the old one, and which revision is to run at all."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from fastapi_fleet.api.canary_spec import Canary
from fastapi_fleet.api.model import ApiModel, cel, cel_rules

DEFAULT_STARTUP_SECONDS: Final = 60
"""What probes.startupSeconds is when left out."""

MIN_PROGRESS_DEADLINE_SECONDS: Final = 300
PROGRESS_MARGIN_SECONDS: Final = 60
"""Beyond the start-up budget: time to pull the image, to be scheduled and to get ready."""

RevisionName = Annotated[str, StringConstraints(min_length=16, max_length=16, pattern=r"^[0-9a-f]{16}$")]


class Rollout(ApiModel):
    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            cel(
                "!has(self.progressDeadlineSeconds) || self.progressDeadlineSeconds > self.minReadySeconds",
                "rollout.progressDeadlineSeconds must be above rollout.minReadySeconds",
                field_path=".progressDeadlineSeconds",
            )
        ),
    )

    min_ready_seconds: int = Field(
        0, ge=0, le=3600, description="Seconds that a new pod must stay ready before an old one goes."
    )
    progress_deadline_seconds: Annotated[int, Field(ge=10, le=7200)] | None = Field(
        None,
        description="Seconds without progress after which a rollout counts as stuck. Default: probes.startupSeconds "
        f"and minReadySeconds and {PROGRESS_MARGIN_SECONDS} s, at least {MIN_PROGRESS_DEADLINE_SECONDS} s.",
    )
    rollback_to: RevisionName | None = Field(
        None,
        description="Revision of status.history that runs in place of what the rest of the spec says: its image, "
        "configuration and pods, never its secrets, rights or data. Take the field out to go forward.",
    )

    auto_rollback: Literal["Off", "UnlessMigrated", "Always"] = Field(
        "UnlessMigrated",
        description="Whether the last revision that was ready runs in place of one that did not get ready within its "
        "deadline, until the spec changes. UnlessMigrated: not where database.migrations have run between the two. "
        "Always: also then, for schemas that an older image can work with.",
    )
    canary: Canary | None = Field(
        None,
        description="A new revision runs beside the one that serves, with a part of the requests, before it takes "
        "over. Left out, it is rolled out at once.",
    )

    def deadline_seconds(self, startup_seconds: int) -> int:
        """How long a rollout may stand still: a pod within its own start-up budget does not count as stuck."""
        needed = startup_seconds + self.min_ready_seconds + PROGRESS_MARGIN_SECONDS
        return self.progress_deadline_seconds or max(MIN_PROGRESS_DEADLINE_SECONDS, needed)


DEADLINE_RULES: Final = (
    cel(
        "!has(self.rollout) || !has(self.rollout.progressDeadlineSeconds) || self.rollout.progressDeadlineSeconds > "
        f"(has(self.probes) ? self.probes.startupSeconds : {DEFAULT_STARTUP_SECONDS})",
        "rollout.progressDeadlineSeconds must be above probes.startupSeconds",
        field_path=".rollout.progressDeadlineSeconds",
    ),
    cel(
        "!has(self.rollout) || !has(self.rollout.progressDeadlineSeconds) || !has(self.worker) || "
        "!has(self.worker.probes) || self.rollout.progressDeadlineSeconds > self.worker.probes.startupSeconds",
        "rollout.progressDeadlineSeconds must be above worker.probes.startupSeconds",
        field_path=".rollout.progressDeadlineSeconds",
    ),
)
