from app.config import Settings
from app.main import create_app
from fleetkit.testing.threads import run_in_threads
from fleetkit.testing.tokens import JWT_KEY
from pydantic import AnyHttpUrl, SecretStr


def test_no_request_waits_for_a_thread() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://user:password@nowhere/orders"),
        rabbitmq_url=SecretStr("amqp://user:password@nowhere/%2F"),
        jwt_secret=SecretStr(JWT_KEY),
        user_service_url=AnyHttpUrl("http://users:8000"),
        service_client_secret=SecretStr("a secret of a service"),
    )
    assert run_in_threads(create_app(settings)) == set()
