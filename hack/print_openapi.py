"""Prints the OpenAPI document of the service in the current folder; nothing is connected for that.

usage: print_openapi.py
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

# What the services require. No value shows in a document.
PLACEHOLDERS = {
    "database_url": "postgresql://nobody:nothing@localhost/none",
    "rabbitmq_url": "amqp://nobody:nothing@localhost/none",
    "jwt_secret": "stands in where nothing is signed",
    "user_service_url": "http://localhost",
    "service_client_secret": "stands in for a secret",
}


def api_document() -> dict[str, Any]:
    """The document of the service whose `app` package is in the current folder."""
    sys.path.insert(0, str(Path.cwd()))
    settings_class = import_module("app.config").Settings
    required = {name: value for name, value in PLACEHOLDERS.items() if name in settings_class.model_fields}
    app = import_module("app.main").create_app(settings_class.model_validate(required))
    document: dict[str, Any] = app.openapi()
    return document


def drop_optional_security(document: dict[str, Any]) -> None:
    """Lets generated clients call without a token what takes one and needs none; the generator knows no such thing."""
    for path in document["paths"].values():
        for operation in path.values():
            if {} in operation.get("security", []):
                del operation["security"]


if __name__ == "__main__":
    printed = api_document()
    drop_optional_security(printed)
    json.dump(printed, sys.stdout, indent=2, sort_keys=True)
