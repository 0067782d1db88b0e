"""Whether a canary keeps to its bounds, by what its pods have counted."""

from contextlib import suppress
from typing import Any

import pytest
from fastapi_fleet.api.canary_spec import Analysis
from fastapi_fleet.status.canary_analysis import Measured, judged, quantile, read_metrics, together
from hypothesis import given
from hypothesis import strategies as st
from support.pod_metrics import metrics

INF = float("inf")


def analysis(**bounds: Any) -> Analysis:
    return Analysis.model_validate(bounds)


def within(**seconds: float) -> Measured:
    """Requests by a bound of seconds, such as s2=10; the last one is infinite."""
    known = {float(name[1:].replace("_", ".")): number for name, number in seconds.items()}
    return Measured(100, 0, known | {INF: 100.0})


ERRORS = analysis(maxErrorRate=0.01)
P99 = analysis(maxP99Seconds=1)

TABLE: dict[str, tuple[Analysis, Measured, str, str]] = {
    "no error": (ERRORS, Measured(100, 0), "within", "0 of 100 requests failed"),
    "as many as may be": (ERRORS, Measured(100, 1), "within", "1 of 100"),
    "one too many": (ERRORS, Measured(100, 2), "breached", "2 of 100 requests failed, more than maxErrorRate 0.01"),
    "none may fail": (analysis(maxErrorRate=0), Measured(100, 1), "breached", "1 of 100"),
    "no request": (ERRORS, Measured(), "unmeasured", "fewer than 20"),
    "few requests, all failed": (ERRORS, Measured(19, 19), "unmeasured", "fewer than 20"),
    "just enough": (ERRORS, Measured(20, 20), "breached", "20 of 20"),
    "quick": (P99, within(s0_5=100), "within", "p99 is 0.495 s"),
    "one of a hundred is slow": (P99, within(s1=99), "within", "p99 is 1 s"),
    "two are slow": (P99, within(s1=98, s2=100), "breached", "p99 is 1.5 s, above maxP99Seconds 1"),
    "beyond the last bound": (P99, within(s1=98), "breached", "p99 is more than 1 s"),
    "histogram without its last bound": (P99, Measured(100, 0, {0.5: 100.0}), "unmeasured", "no histogram"),
    "no histogram": (P99, Measured(100, 0), "unmeasured", "no histogram http_request_duration_seconds"),
    "failing and slow": (
        analysis(maxErrorRate=0, maxP99Seconds=1),
        Measured(100, 1, {1.0: 98.0, INF: 100.0}),
        "breached",
        "1 of 100",
    ),
    "failing, and no histogram": (
        analysis(maxErrorRate=0, maxP99Seconds=1),
        Measured(100, 1),
        "breached",
        "1 of 100",
    ),
    "answering, and no histogram": (
        analysis(maxErrorRate=0, maxP99Seconds=1),
        Measured(100, 0),
        "unmeasured",
        "histogram",
    ),
    "both kept": (
        analysis(maxErrorRate=0, maxP99Seconds=1),
        Measured(100, 0, {1.0: 100.0, INF: 100.0}),
        "within",
        "0 of 100 requests failed, p99 is 0.99 s",
    ),
}


@pytest.mark.parametrize(("bounds", "measured", "outcome", "why"), TABLE.values(), ids=TABLE.keys())
def test_verdict(bounds: Analysis, measured: Measured, outcome: str, why: str) -> None:
    verdict = judged(bounds, measured)
    assert verdict.outcome == outcome
    assert why in verdict.why


def test_metrics_of_all_pods_count_together() -> None:
    pods = [read_metrics(metrics(answered=50, failed=1)), read_metrics(metrics(answered=50, slow=5))]
    whole = together(pods)
    assert (whole.requests, whole.errors) == (100, 1)
    assert whole.answered_within == {0.1: 95, 1.0: 95, 2.0: 100, INF: 100}


def test_endpoints_and_kinds_of_status_count_together() -> None:
    text = "\n".join(
        f'http_requests_total{{handler="{handler}",status="{status}"}} 10'
        for handler in ("/a", "/b")
        for status in ("200", "404", "5xx", "503")
    )
    measured = read_metrics(text + "\n")
    assert (measured.requests, measured.errors) == (80, 40)


def test_other_metrics_are_passed_over() -> None:
    assert read_metrics("process_cpu_seconds_total 3\n") == Measured()


BUCKET = "http_request_duration_seconds_bucket"
NO_METRICS = {
    "another format": "<html>",
    "bucket without a bound": f"{BUCKET} 3",
    "bound that is no number": f'{BUCKET}{{le="NaN"}} 3',
    "bound that is a word": f'{BUCKET}{{le="many"}} 3',
    "count that is no number": f'{BUCKET}{{le="+Inf"}} NaN',
    "count without end": "http_requests_total +Inf",
    "count below nothing": 'http_requests_total{status="500"} -1',
}


@pytest.mark.parametrize("text", NO_METRICS.values(), ids=NO_METRICS.keys())
def test_what_are_no_metrics_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_metrics(f"{text}\n")


counts = st.one_of(st.integers(-1, 300), st.floats())
bounds = st.one_of(st.floats(), st.sampled_from(["0.1", "1.0", "+Inf"]))


@given(st.lists(counts, max_size=3), st.lists(st.tuples(bounds, counts), max_size=6))
def test_whatever_a_pod_says_ends_in_a_verdict_or_is_refused(
    requests: list[float], buckets: list[tuple[float | str, float]]
) -> None:
    lines = [f'http_requests_total{{status="{at}00"}} {number}' for at, number in enumerate(requests, start=3)]
    lines += [f'{BUCKET}{{le="{bound}"}} {number}' for bound, number in buckets]
    with suppress(ValueError):
        verdict = judged(analysis(maxErrorRate=0.5, maxP99Seconds=1), read_metrics("\n".join([*lines, ""])))
        assert "nan" not in verdict.why


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any), st.floats(0.01, 1))
def test_quantile_lies_within_the_bounds_of_what_was_counted(counts: list[int], share: float) -> None:
    cumulated = {float(at + 1): float(sum(counts[: at + 1])) for at in range(len(counts))}
    assert 0 <= quantile(share, cumulated) <= len(counts)
