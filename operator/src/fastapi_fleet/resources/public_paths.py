"""Which paths are public: what a service answers to its own people stays inside unless the spec says otherwise."""

from collections.abc import Sequence
from typing import Final, get_args

from fastapi_fleet.api.exposure_spec import InternalPath, Monitoring

METRICS: Final = "/metrics"
INTERNAL_PATHS: Final[tuple[str, ...]] = get_args(InternalPath)


def closed_paths(path: str, also_public: Sequence[str], monitoring: Monitoring | None) -> list[str]:
    """Paths below the public `path` that are not answered. Who makes one of them the public path wants it so."""
    internal = {name: name for name in INTERNAL_PATHS}
    if monitoring is not None:
        internal[monitoring.path] = METRICS
    above = path.rstrip("/") + "/"
    return [
        inside
        for inside, name in internal.items()
        if name not in also_public and inside.startswith(above) and inside.rstrip("/") != path.rstrip("/")
    ]
