from pathlib import Path

import httpx2
from app.config import Settings
from fleetkit.testing.schema_fuzzing import schema_findings
from fleetkit.testing.service_process import ready_service
from fleetkit.testing.tokens import JWT_KEY

SERVICE = Path(__file__).parents[2]
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ADMIN = {"username": "root@example.com", "password": "correct horse battery staple"}


async def token_of_admin(url: str) -> str:
    async with httpx2.AsyncClient(base_url=url) as client:
        answer = await client.post("/auth/token", data={"grant_type": "password", **ADMIN})
    token: str = answer.raise_for_status().json()["access_token"]
    return token


async def test_answers_as_its_document_says(settings: Settings) -> None:
    environment = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "RABBITMQ_URL": settings.rabbitmq_url.get_secret_value() if settings.rabbitmq_url else "",
        "JWT_SECRET": JWT_KEY,
        "ADMIN_EMAIL": ADMIN["username"],
        "ADMIN_PASSWORD": ADMIN["password"],
    }
    async with ready_service(SERVICE, environment) as service:
        headers = {"Authorization": f"Bearer {await token_of_admin(service.url)}"}
        findings = await schema_findings(service.url, headers, CONFIGURATION)
    assert not findings, findings
