from app.config import Settings
from app.main import create_app
from fleetkit.testing.threads import run_in_threads
from fleetkit.testing.tokens import JWT_KEY
from pydantic import SecretStr


def test_no_request_waits_for_a_thread() -> None:
    settings = Settings(
        database_url=SecretStr("postgresql://user:password@nowhere/users"),
        rabbitmq_url=SecretStr("amqp://user:password@nowhere/%2F"),
        jwt_secret=SecretStr(JWT_KEY),
    )
    assert run_in_threads(create_app(settings)) == set()
