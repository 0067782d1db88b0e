from pathlib import Path
from uuid import uuid4

from app.config import Settings
from fleetkit.auth.principal import ADMIN
from fleetkit.testing.schema_fuzzing import schema_findings
from fleetkit.testing.service_process import ready_service
from fleetkit.testing.tokens import JWT_KEY, user_headers

SERVICE = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
NOWHERE = "http://127.0.0.1:9"


async def test_answers_as_its_document_says(settings: Settings) -> None:
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "RABBITMQ_URL": settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else "",
        "JWT_SECRET": JWT_KEY,
        "USER_SERVICE_URL": NOWHERE,
        "SERVICE_CLIENT_SECRET": "of the orders service in tests",
        "DEVELOPMENT_ENDPOINTS": "true",
    }
    async with ready_service(SERVICE, environment) as service:
        findings = await schema_findings(service.url, user_headers(uuid4(), ADMIN), CONFIGURATION)
    assert not findings, findings
