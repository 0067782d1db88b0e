"""Whether a canary answers as its spec bounds it, by what its own pods have counted since they started."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf, isnan
from typing import Final, Literal

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from fastapi_fleet.api.canary_spec import Analysis

REQUESTS: Final = "http_requests_total"
DURATIONS: Final = "http_request_duration_seconds"
"""As fleetkit names them, and prometheus-fastapi-instrumentator."""

FEWEST_REQUESTS: Final = 20
"""Before that many nothing is said: one failed request would be too large a part of them."""

MOST_COUNTED: Final = 2.0**53
"""A counter of floats counts no further."""


@dataclass(frozen=True)
class Measured:
    """`answered_within`: requests by the upper bound of the seconds that they took, each bound with those below it."""

    requests: float = 0.0
    errors: float = 0.0
    answered_within: Mapping[float, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """`why` is for people."""

    outcome: Literal["within", "breached", "unmeasured"]
    why: str


def read_metrics(text: str) -> Measured:
    """Raises ValueError for what is not the text format of Prometheus, or counts what cannot be counted."""
    requests = errors = 0.0
    within: defaultdict[float, float] = defaultdict(float)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == REQUESTS:
                requests += _counted(sample)
                errors += _counted(sample) if sample.labels.get("status", "").startswith("5") else 0.0
            elif sample.name == f"{DURATIONS}_bucket":
                within[_bound(sample)] += _counted(sample)
    return Measured(requests, errors, dict(within))


def _counted(sample: Sample) -> float:
    """Not a number is less than nothing, too: a canary must not pass by it."""
    if not 0 <= sample.value <= MOST_COUNTED:
        raise ValueError(f"{sample.name} is {sample.value}")
    return sample.value


def _bound(sample: Sample) -> float:
    bound = float(sample.labels.get("le", ""))
    if isnan(bound):
        raise ValueError(f"{sample.name} has no bound")
    return bound


def together(pods: Iterable[Measured]) -> Measured:
    known = list(pods)
    within: defaultdict[float, float] = defaultdict(float)
    for pod in known:
        for bound, requests in pod.answered_within.items():
            within[bound] += requests
    return Measured(sum(pod.requests for pod in known), sum(pod.errors for pod in known), dict(within))


def judged(analysis: Analysis, measured: Measured) -> Verdict:
    if measured.requests < FEWEST_REQUESTS:
        return Verdict("unmeasured", f"its pods have counted fewer than {FEWEST_REQUESTS} requests in {REQUESTS}")
    findings = [*_errors(analysis, measured), *_durations(analysis, measured)]
    worst = next((found for found in findings if found.outcome == "breached"), None)
    return worst or next(
        (found for found in findings if found.outcome == "unmeasured"), Verdict("within", _all(findings))
    )


def quantile(share: float, answered_within: Mapping[float, float]) -> float:
    """Seconds, as histogram_quantile of Prometheus tells them; infinite beyond the last finite bound."""
    bounds = sorted(answered_within)
    rank = share * answered_within[bounds[-1]]
    at = next(at for at, bound in enumerate(bounds) if answered_within[bound] >= rank)
    upper = bounds[at]
    lower, below = (bounds[at - 1], answered_within[bounds[at - 1]]) if at else (0.0, 0.0)
    if upper == inf:
        return inf
    return lower + (upper - lower) * (rank - below) / (answered_within[upper] - below)


def _errors(analysis: Analysis, measured: Measured) -> Iterator[Verdict]:
    if analysis.max_error_rate is None:
        return
    rate = measured.errors / measured.requests
    said = f"{measured.errors:.0f} of {measured.requests:.0f} requests failed"
    if rate > analysis.max_error_rate:
        yield Verdict("breached", f"{said}, more than maxErrorRate {analysis.max_error_rate:g}")
    else:
        yield Verdict("within", said)


def _durations(analysis: Analysis, measured: Measured) -> Iterator[Verdict]:
    if analysis.max_p99_seconds is None:
        return
    if not measured.answered_within.get(inf):
        yield Verdict("unmeasured", f"its pods have no histogram {DURATIONS}")
        return
    seconds = quantile(0.99, measured.answered_within)
    if seconds > analysis.max_p99_seconds:
        yield Verdict(
            "breached", f"p99 is {_told(seconds, measured)}, above maxP99Seconds {analysis.max_p99_seconds:g}"
        )
    else:
        yield Verdict("within", f"p99 is {seconds:.3g} s")


def _told(seconds: float, measured: Measured) -> str:
    if seconds < inf:
        return f"{seconds:.3g} s"
    return f"more than {max(bound for bound in (0.0, *measured.answered_within) if bound < inf):g} s"


def _all(findings: Iterable[Verdict]) -> str:
    return ", ".join(found.why for found in findings)
