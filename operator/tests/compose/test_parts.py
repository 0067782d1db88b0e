"""The small translations, each as a table."""

from typing import Any

import pytest
import yaml
from fastapi_fleet.compose.commands import Launch, launch_of
from fastapi_fleet.compose.convert import Given, convert
from fastapi_fleet.compose.failure import ComposeError
from fastapi_fleet.compose.images import base_name, with_management
from fastapi_fleet.compose.leaks import holds_secret
from fastapi_fleet.compose.models import ComposeService
from fastapi_fleet.compose.surroundings import object_name
from fastapi_fleet.compose.units import cpu, memory, seconds


@pytest.mark.parametrize(
    ("text", "expected"), [("30s", 30), ("1m30s", 90), ("500ms", 1), ("1.5s", 2), ("0", 0), ("2h", 7200)]
)
def test_duration(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("512M", "512Mi"), ("1g", "1Gi"), ("1.5gb", "1536Mi"), ("64k", "64Ki"), ("536870912", "512Mi"), ("100", "100")],
)
def test_size(text: str, expected: str) -> None:
    assert memory(text) == expected


@pytest.mark.parametrize(("text", "expected"), [("0.50", "500m"), ("2", "2"), ("1.5", "1500m"), ("0.001", "1m")])
def test_cpu(text: str, expected: str) -> None:
    assert cpu(text) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("postgres:17", "postgres"),
        ("a.example:5000/x/redis@sha256:0", "redis"),
        ("mongo", "mongo"),
        ("x/y:1@sha256:0", "y"),
    ],
)
def test_base_name_of_an_image(image: str, expected: str) -> None:
    assert base_name(image) == expected


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("rabbitmq", "rabbitmq:management"),
        ("rabbitmq:latest", "rabbitmq:management"),
        ("rabbitmq:4", "rabbitmq:4-management"),
        ("rabbitmq:4-alpine", "rabbitmq:4-management-alpine"),
        ("a.example:5000/rabbitmq", "a.example:5000/rabbitmq:management"),
        ("rabbitmq:4.1.2", "rabbitmq:4.1.2-management"),
        ("rabbitmq:4-management", "rabbitmq:4-management"),
        ("a.example/rabbitmq:4-06f87b7c2921", "a.example/rabbitmq:4-06f87b7c2921"),
        ("a.example/rabbitmq:stable", "a.example/rabbitmq:stable"),
    ],
)
def test_image_of_the_broker_has_the_management_plugin(image: str, expected: str) -> None:
    assert with_management(image) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("uvicorn a.b:app", Launch("a.b:app")),
        ("python -m uvicorn a:app --port=80 --workers 3", Launch("a:app", 80, 3)),
        ("poetry run uvicorn a:app -p 80 --host 0.0.0.0 --reload", Launch("a:app", 80)),
        ("uvicorn --factory a:make --root-path /x", Launch("a:make", args=("--factory", "--root-path", "/x"))),
        ("fastapi run app/main.py --port 80", Launch("app.main:app", 80)),
        ("fastapi dev", Launch(command=("fastapi", "dev"))),
        ("sh -c 'exec uvicorn a:app'", Launch("a:app")),
        ("sh -c 'alembic upgrade head && uvicorn a:app'", Launch("a:app", before=("alembic", "upgrade", "head"))),
        ("sh -c 'a; uvicorn a:app --port 80'", Launch(port=80, command=("sh", "-c", "a; uvicorn a:app --port 80"))),
        ("gunicorn -b :9000 a:app", Launch(port=9000, command=("gunicorn", "-b", ":9000", "a:app"))),
        ("uvicorn a:app --port $PORT", Launch(command=("uvicorn", "a:app", "--port", "$PORT"))),
    ],
)
def test_command(line: str, expected: Launch) -> None:
    words = ComposeService.model_validate({"command": line}).command
    assert words is not None
    assert launch_of(words) == expected


@pytest.mark.parametrize(
    "command",
    [
        "serve --password canary",
        "serve --api-key=canary",
        "API_KEY=canary serve",
        "serve ${DB_PASSWORD}",
        ["serve", "${A_TOKEN:-x}"],
        "serve postgresql://a:b@h/d",
    ],
)
def test_secret_in_a_command_is_seen(command: object) -> None:
    words = command.split() if isinstance(command, str) else ["serve"]
    assert holds_secret({"command": command}, words)


@pytest.mark.parametrize(
    "command", ["serve --token-url x", "serve --port 80", "pytest -k key", "serve --password-file /x"]
)
def test_no_secret_is_seen_where_none_is(command: str) -> None:
    assert not holds_secret({"command": command}, command.split())


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (8000, [(8000, None, "tcp")]),
        ("8001:8000", [(8000, "8001", "tcp")]),
        ("127.0.0.1:8001:8000/udp", [(8000, "8001", "udp")]),
        ("[::1]:8001:8000", [(8000, "8001", "tcp")]),
        ("3000-3001:8000-8001", [(8000, "3000", "tcp"), (8001, "3001", "tcp")]),
        ({"target": 80, "published": 8080}, [(80, "8080", "tcp")]),
    ],
)
def test_port(item: object, expected: list[tuple[int, str | None, str]]) -> None:
    ports = ComposeService.model_validate({"ports": [item]}).ports
    assert [(port.target, port.published, port.protocol) for port in ports] == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("User_Service", "user-service"), ("1st", "app-1st"), ("a" * 60, "a" * 50), ("a.b", "a-b"), ("_", "app")],
)
def test_name_of_an_object(name: str, expected: str) -> None:
    assert object_name(name) == expected


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ({"image": "a", "ports": ["eight"]}, "services.a.ports (line 4): 'eight' is not a port"),
        ({"image": "a", "ports": ["-:80"]}, "'-:80' is not a port"),
        ({"image": "a", "ports": ["70000"]}, "ports go up, to 65535 at most"),
        ({"image": "a", "deploy": {"replicas": 5000}}, "spec.replicas of FastAPIService a"),
        ({"image": "a", "healthcheck": {"test": "x", "interval": "soon"}}, "services.a.healthcheck.interval"),
        ({"image": "nginx"}, "none of the services"),
        (None, "services.a"),
    ],
)
def test_what_cannot_be_converted_is_refused_with_its_place(service: Any, said: str) -> None:
    with pytest.raises(ComposeError) as raised:
        convert(yaml.safe_dump({"services": {"a": service}}), Given("p", {}, lambda _name: None))
    assert said in str(raised.value)


def test_two_services_of_one_name_are_refused() -> None:
    file = {"services": {"a_b": {"image": "x"}, "a-b": {"image": "y"}}}
    with pytest.raises(ComposeError, match="two services would both be a-b"):
        convert(yaml.safe_dump(file), Given("p", {}, lambda _name: None))


def test_unknown_keys_are_told_of_and_refuse_nothing() -> None:
    service = {
        "image": "a",
        "nonsense": 1,
        "x-mine": 2,
        "deploy": {"odd": 1},
        "healthcheck": {"test": "x", "strange": 1},
    }
    result = convert(yaml.safe_dump({"services": {"a": service}, "future": {}}), Given("p", {}, lambda _name: None))
    unknown = {note.path for note in result.notes if note.message == "this key is not known"}
    assert unknown == {"future", "services.a.nonsense", "services.a.deploy.odd", "services.a.healthcheck.strange"}


def test_what_a_service_asks_of_the_machine_beside_cpu_and_memory_is_told_of() -> None:
    devices = [{"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}]
    resources = {"limits": {"cpus": "1", "pids": 99}, "reservations": {"memory": "1G", "devices": devices}}
    service = {"image": "a", "deploy": {"resources": resources}}
    result = convert(yaml.safe_dump({"services": {"a": service}}), Given("p", {}, lambda _name: None))
    told = {note.path: note.message for note in result.notes if note.path.startswith("services.a.deploy")}
    assert set(told) == {"services.a.deploy.resources.limits.pids", "services.a.deploy.resources.reservations.devices"}
    assert "nvidia.com/gpu" in told["services.a.deploy.resources.reservations.devices"]
