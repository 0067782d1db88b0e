import gc
import json
import logging

import httpx2
import pytest
import structlog
from fastapi import FastAPI
from fleetkit.app import app_of_process
from fleetkit.logs import configure_logging
from fleetkit.settings import ServiceSettings

PROBLEM = "application/problem+json"


async def test_answers_a_refused_request_with_every_wrong_field(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/things", json={"size": "big"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["code"] == "invalid_request"
    assert {error["field"] for error in answer.json()["errors"]} == {"name", "size"}


async def test_answers_a_body_that_is_no_json_as_a_refused_request(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/things", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, PROBLEM)


async def test_answers_a_service_error_with_its_status_and_code(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/things", json={"name": "taken", "size": 1})
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "urn:problem-type:name_taken",
        "title": "Conflict",
        "status": 409,
        "code": "name_taken",
        "detail": "There is such a thing",
    }


async def test_says_when_to_come_back(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/things", 405)])
async def test_answers_unknown_paths_and_methods_as_problems(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


async def test_names_every_method_of_a_path_where_none_of_them_was_asked_for(client: httpx2.AsyncClient) -> None:
    answer = await client.delete("/things")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


async def test_answers_an_unexpected_error_without_internals(
    client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    answer = await client.get("/broken", headers={"X-Request-ID": "request-1"})
    assert (answer.status_code, answer.headers["content-type"]) == (500, PROBLEM)
    assert "luck" not in answer.text
    assert answer.headers["x-request-id"] == "request-1"
    assert "no luck" in capsys.readouterr().out


async def test_keeps_a_request_id_that_the_caller_gives(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/request-id", headers={"X-Request-ID": "from-caller"})
    assert (answer.json(), answer.headers["x-request-id"]) == ("from-caller", "from-caller")


@pytest.mark.parametrize("offered", ["", "with space", "x" * 129, 'quote"'])
async def test_replaces_a_malformed_request_id(client: httpx2.AsyncClient, offered: str) -> None:
    answer = await client.get("/request-id", headers={"X-Request-ID": offered})
    assert answer.json() == answer.headers["x-request-id"] != offered


async def test_logs_each_request_as_one_json_line(
    client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    await client.get("/request-id", headers={"X-Request-ID": "request-2"})
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "Request finished" in line]
    assert (line["service"], line["path"], line["status"], line["request_id"]) == (
        "things",
        "/request-id",
        200,
        "request-2",
    )


async def test_logs_probes_only_to_who_asks_for_everything(
    client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("things", "DEBUG")  # to the output that this test captures
    await client.get("/health/live")
    assert "Request finished" in capsys.readouterr().out


async def test_logs_no_probe(client: httpx2.AsyncClient, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    await client.get("/health/live")
    assert "Request finished" not in capsys.readouterr().out


def test_writes_the_lines_of_uvicorn_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    logging.getLogger("uvicorn.error").info("Started %s", "it", extra={"color_message": "\033[1mStarted"})
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["level"], line["service"]) == ("Started it", "info", "things")
    assert "color_message" not in line


def test_writes_tracebacks_without_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("things", "INFO")  # to the output that this test captures
    password = "hunter2"
    try:
        int(password[0])
    except ValueError:
        structlog.get_logger("test").exception("It failed")
    written = capsys.readouterr().out
    assert json.loads(written)["exception"][0]["exc_type"] == "ValueError"
    assert "hunter2" not in written


async def test_shows_only_what_is_not_secret(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/config-check")
    shown = answer.json()
    assert {"service_name": "things", "log_level": "INFO", "colour": "green"}.items() <= shown["settings"].items()
    assert "password" not in shown["settings"]
    assert shown["secrets_set"] == ["password"]


async def test_counts_requests_by_endpoint_and_status(client: httpx2.AsyncClient) -> None:
    await client.post("/things", json={"name": "taken", "size": 1})
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="/things",method="POST",status="409"} 1.0' in metrics


async def test_counts_what_failed_unexpectedly(client: httpx2.AsyncClient) -> None:
    await client.get("/broken")
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="/broken",method="GET",status="500"} 1.0' in metrics


async def test_counts_requests_for_nothing_together(client: httpx2.AsyncClient) -> None:
    for path in ("/nowhere", "/elsewhere"):
        await client.get(path)
    metrics = (await client.get("/metrics")).text
    assert 'http_requests_total{handler="none",method="GET",status="404"} 2.0' in metrics


async def test_times_requests_by_endpoint_with_its_prefix(client: httpx2.AsyncClient) -> None:
    for name in ("a", "b"):
        await client.get(f"/shelves/{name}/things")
    metrics = (await client.get("/metrics")).text
    assert 'http_request_duration_seconds_count{handler="/shelves/{shelf}/things",method="GET"} 2.0' in metrics


async def test_counts_no_probe(client: httpx2.AsyncClient) -> None:
    await client.get("/health/live")
    assert "/health" not in (await client.get("/metrics")).text


class Settings(ServiceSettings):
    service_name: str = "things"


def test_what_a_process_starts_with_is_left_out_by_the_garbage_collector() -> None:
    def create_app(settings: Settings) -> FastAPI:
        return FastAPI(title=settings.service_name)

    frozen = gc.get_freeze_count()
    try:
        assert app_of_process(create_app, Settings).title == "things"
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
