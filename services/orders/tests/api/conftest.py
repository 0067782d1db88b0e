from typing import Any

import httpx2
import pytest
from app.config import Settings
from app.main import create_app
from fastapi import FastAPI


@pytest.fixture
def app(settings: Settings, users: Any) -> FastAPI:
    """The application without events: an order stays what the requests have made of it."""
    return create_app(settings.model_copy(update={"process": "web"}), users_transport=httpx2.MockTransport(users))
