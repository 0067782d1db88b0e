"""Where variables go, each rule by itself."""

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from fastapi_fleet.compose.convert import Conversion, Given, convert
from fastapi_fleet.compose.dotenv import parse_dotenv
from fastapi_fleet.compose.secret_names import is_secret_name, is_secret_value


def conversion(
    environment: object,
    *,
    files: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    **keys: object,
) -> Conversion:
    shop = {"image": "shop:1", "ports": ["8000"], "environment": environment, **keys}
    other: dict[str, Any] = {"image": "users:1", "ports": ["8080"]}
    file = {
        "name": "p",
        "services": {"shop": shop, "users": other, "db": {"image": "postgres"}, "mq": {"image": "rabbitmq:management"}},
    }
    texts = files or {}
    return convert(yaml.safe_dump(file), Given("p", given or {}, texts.get))


def spec_of(result: Conversion) -> dict[str, Any]:
    (spec,) = (item["spec"] for item in result.objects if item["metadata"]["name"] == "shop")
    assert isinstance(spec, dict)
    return spec


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD",
        "db_password",
        "JWT_SECRET",
        "API_KEY",
        "apikey",
        "ACCESS_TOKEN",
        "SENTRY_DSN",
        "PGPASSWORD",
        "SMTP_PASS",
        "AWS_SECRET_ACCESS_KEY",
        "CREDENTIALS",
        "PRIVATE_KEY",
        "KEY",
        "PASSWORD_SALT",
        "SERVICE_CLIENTS__SECRET",
    ],
)
def test_name_of_a_secret(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "LOG_LEVEL",
        "ACCESS_TOKEN_EXPIRE_MINUTES",
        "DB_PASSWORD_FILE",
        "TOKEN_URL",
        "JWT_SECRET_ALGORITHM",
        "KEYCLOAK_REALM",
        "MONKEY",
        "COMPASS",
        "PASSENGERS",
        "SECRET_NAME",
        "KEY_PREFIX",
        "TOKEN_TTL",
    ],
)
def test_name_of_no_secret(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://a:b@h/d",
        "redis://:p@h",
        "-----BEGIN RSA PRIVATE KEY-----",
        "sk_live_1",
        "ghp_abc",
        "eyJh.eyJi.c",
        "AKIAIOSFODNN7EXAMPLE",
        "Server=h;Password=x",
    ],
)
def test_value_that_gives_a_secret_away(value: str) -> None:
    assert is_secret_value(value)


@pytest.mark.parametrize("value", ["http://users:8000", "postgresql://h/d", "a@b.example", "skiing", "", "12:30"])
def test_value_that_gives_nothing_away(value: str) -> None:
    assert not is_secret_value(value)


def test_url_of_another_service_is_injected() -> None:
    assert spec_of(conversion({"U": "http://users:8080"}))["services"] == [{"name": "users", "env": "U"}]


def test_url_with_a_path_stays_and_the_call_is_declared() -> None:
    spec = spec_of(conversion({"U": "http://users:8080/api"}))
    assert spec["config"] == {"U": "http://users:8080/api"}
    assert spec["services"] == [{"name": "users", "env": "USERS_URL"}]


def test_url_with_a_password_of_another_service_is_a_secret() -> None:
    spec = spec_of(conversion({"U": "http://me:canary@users:8080"}))
    assert spec["secrets"] == [{"env": "U", "name": "p-env", "key": "U"}]
    assert spec["services"] == [{"name": "users", "env": "USERS_URL"}]


def test_word_that_is_the_name_of_a_service_is_a_word_still() -> None:
    spec = spec_of(conversion({"TABLE": "users", "BACKEND": "db"}))
    assert spec["config"] == {"TABLE": "users", "BACKEND": "db"}
    assert not {"services", "database"} & spec.keys()


@pytest.mark.parametrize(
    "environment", [{"DATABASE_URL": "postgresql://a:b@db/x"}, {"PGHOST": "db", "PGPASSWORD": "b"}]
)
def test_address_of_the_database_is_the_operator_s(environment: dict[str, str]) -> None:
    spec = spec_of(conversion(environment))
    assert spec["database"] == {}
    assert not {"config", "secrets"} & spec.keys()


def test_waiting_for_a_server_is_using_it() -> None:
    spec = spec_of(conversion({}, depends_on=["db", "mq", "users"]))
    assert spec["database"] == {} == spec["broker"]
    assert spec["services"] == [{"name": "users", "env": "USERS_URL"}]


def test_database_elsewhere_is_kept_although_one_is_waited_for() -> None:
    spec = spec_of(conversion({"DATABASE_URL": "postgresql://a:b@db.example.com/x"}, depends_on=["db"]))
    assert "database" not in spec
    assert spec["secrets"] == [{"env": "DATABASE_URL", "name": "p-env", "key": "DATABASE_URL"}]


def test_variable_that_the_operator_sets_has_no_other_source() -> None:
    result = conversion({"DATABASE_URL": "sqlite:///x", "OTHER_URL": "postgresql://db/x"})
    assert "config" not in spec_of(result)
    assert any("the file's own value is lost" in note.message for note in result.notes)


def test_value_that_a_secret_is_part_of_is_a_secret() -> None:
    spec = spec_of(conversion({"LINE": "user ${DB_PASSWORD} x"}, given={"DB_PASSWORD": "canary"}))
    assert spec["secrets"] == [{"env": "LINE", "name": "p-env", "key": "LINE"}]


@pytest.mark.parametrize("environment", [["API_KEY"], {"API_KEY": None}])
def test_secret_that_is_passed_on_is_referred_to(environment: object) -> None:
    assert spec_of(conversion(environment))["secrets"] == [{"env": "API_KEY", "name": "p-env", "key": "API_KEY"}]


def test_variable_that_is_passed_on_needs_a_value() -> None:
    assert spec_of(conversion(["REGION"], given={"REGION": "eu"}))["config"] == {"REGION": "eu"}
    result = conversion(["REGION"])
    assert "config" not in spec_of(result)
    assert any(note.message.startswith("REGION has no value") for note in result.notes)


def test_two_secrets_of_one_name_have_a_key_each() -> None:
    file = {
        "services": {
            name: {"image": f"{name}:1", "ports": ["8000"], "environment": {"API_KEY": value}}
            for name, value in (("a", "1"), ("b", "2"), ("c", "1"))
        }
    }
    result = convert(yaml.safe_dump(file), Given("p", {}, lambda _name: None))
    assert [item["spec"]["secrets"][0]["key"] for item in result.objects] == ["API_KEY", "b.API_KEY", "API_KEY"]


def test_environment_counts_before_files() -> None:
    spec = spec_of(conversion({"A": "1"}, files={"a.env": "A=0\nB=${C:-2}\n"}, env_file=["a.env"]))
    assert spec["config"] == {"A": "1", "B": "2"}


def test_file_that_is_not_there_is_told_of() -> None:
    result = conversion({}, env_file=[{"path": "gone.env", "required": False}])
    assert any("gone.env is not there" in note.message for note in result.notes)


def test_dotenv_is_read_as_compose_reads_it() -> None:
    text = "# c\nA=1 # c\nexport B='x $A' \nC=\"y $A\\n\"\nD=\nE\nF = a b\nnot a line\nG=a#b\n"
    values = parse_dotenv(text, {"E": "e"})
    assert {name: value.text for name, value in values.items()} == {
        "A": "1",
        "B": "x $A",
        "C": "y 1\n",
        "D": "",
        "E": "e",
        "F": "a b",
        "G": "a#b",
    }
    assert values["C"].made_of == ("A",)
