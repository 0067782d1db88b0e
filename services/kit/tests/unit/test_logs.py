import json
import logging

import prometheus_client
import pytest
import stamina
import structlog
from fleetkit.logs import configure_logging


class ServerAwayError(Exception):
    """What only this file raises."""


async def wait_out_an_outage(retries: int) -> None:
    async for attempt in stamina.retry_context(
        on=ServerAwayError, attempts=None, timeout=None, wait_initial=0, wait_jitter=0
    ):
        with attempt:
            if attempt.num <= retries:
                raise ServerAwayError


def kept_in_memory() -> list[dict[str, str]]:
    samples = [sample for metric in prometheus_client.REGISTRY.collect() for sample in metric.samples]
    return [sample.labels for sample in samples if "ServerAwayError" in sample.labels.get("error_type", "")]


async def test_an_outage_leaves_a_line_for_each_attempt_and_nothing_in_memory(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    await wait_out_an_outage(retries=3)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["retry_num"] for line in lines] == [1, 2, 3]
    assert kept_in_memory() == []


@pytest.mark.parametrize("value", ["half of a pair: \ud83d", 2**64, {1: "one"}, {"one": 2**64}])
def test_nothing_that_is_told_keeps_a_line_from_being_written(
    capsys: pytest.CaptureFixture[str], value: object
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    structlog.get_logger("test").info("Here it is", value=value)
    logging.getLogger("library").info("And here", extra={"value": value})
    assert [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()] == ["Here it is", "And here"]
