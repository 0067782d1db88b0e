"""Hypothesis strategies: specs that admission lets through and that the tests' cluster has room for."""

import string
from typing import Any, Final

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

_VARIABLES: Final = st.text(string.ascii_uppercase, min_size=3, max_size=8)
_TEXTS: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
_COMMANDS: Final = st.sampled_from([None, None, None, ["false"], ["/nowhere"], ["sleep", "infinity"]])
_PATHS: Final = st.sampled_from(["/health/live", "/health/ready", "/version", "/nowhere"])
_REQUESTS: Final = st.sampled_from([{"cpu": "10m", "memory": "64Mi"}, {"cpu": "100", "memory": "64Mi"}])
_BACKENDS: Final[st.SearchStrategy[dict[str, Any]]] = st.sampled_from([{}, {}, {"database": {}}, {"broker": {}}])


@st.composite
def _environments(draw: st.DrawFn) -> dict[str, Any]:
    """Variables spread over the fields that can set one; some come from what is not there."""
    fields: dict[str, Any] = {"config": {}, "secrets": [], "services": [], "env": []}
    for name in draw(st.sets(_VARIABLES, max_size=4)):
        match draw(st.integers(0, 9)):
            case 0:
                fields["secrets"].append({"env": name, "name": "not-there", "key": "x"})
            case 1:
                fields["services"].append({"env": name, "name": "not-there"})
            case 2 | 3:
                fields["secrets"].append({"env": name, "generate": True})
            case 4 | 5 | 6:
                fields["config"][name] = draw(_TEXTS)
            case _:
                fields["env"].append({"name": name, "value": draw(_TEXTS)})
    return fields


@st.composite
def _specs(draw: st.DrawFn, image: str) -> dict[str, Any]:
    return {
        "image": draw(st.sampled_from([image, image, image, image, "registry.invalid/nothing:1"])),
        "port": draw(st.integers(1024, 60000)),
        "workers": draw(st.integers(1, 2)),
        "replicas": draw(st.sampled_from([1, 2, 0])),
        **draw(st.sampled_from([{}, {}, {"autoscaling": {"maxReplicas": 2}}])),
        "podDisruptionBudget": {"enabled": draw(st.booleans())},
        "topologySpread": {"enabled": draw(st.booleans())},
        "command": draw(_COMMANDS),
        "resources": {"requests": draw(_REQUESTS), "limits": {"memory": draw(st.sampled_from(["192Mi", "64Mi"]))}},
        "probes": {
            "readiness": {"path": draw(_PATHS), "periodSeconds": 1},
            "startupSeconds": draw(st.integers(20, 40)),
        },
        "shutdown": {"gracePeriodSeconds": 5, "drainSeconds": 0},
        **draw(_BACKENDS),
        **draw(_environments()),
    }


def generated_specs(image: str, count: int) -> list[dict[str, Any]]:
    """The same specs in every run."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=count, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
    @given(_specs(image))
    def collect(spec: dict[str, Any]) -> None:
        found.append(spec)

    collect()
    return found
