"""ProductionGrade: whether the platform's servers survive the loss of a node. It informs and holds nothing up."""

from collections.abc import Iterator

from fastapi_fleet.api.conditions import ConditionType, Reason
from fastapi_fleet.api.platform_spec import FleetPlatformSpec
from fastapi_fleet.status.conditions import Finding, fails, unknown


def production_grade(spec: FleetPlatformSpec) -> Iterator[Finding]:
    """Nothing for a platform without servers; else as its weakest server is."""
    modes = {server.mode for server in (spec.postgres, spec.rabbitmq) if server is not None}
    if "Embedded" in modes:
        yield fails(
            ConditionType.PRODUCTION_GRADE,
            Reason.EMBEDDED,
            "mode Embedded runs one replica without backups: good for development, not for production",
        )
    elif "External" in modes:
        yield unknown(
            ConditionType.PRODUCTION_GRADE,
            Reason.EXTERNAL,
            "mode External: replicas and backups are seen to where the server is run, and not visible from here",
        )
