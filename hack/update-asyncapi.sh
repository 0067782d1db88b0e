#!/usr/bin/env bash
# Writes the AsyncAPI document of each service from its broker rights and the contracts of the events.
set -euo pipefail
cd "$(dirname "$0")/.."
for service in users orders; do
  "${PYTHON:-.venv/bin/python}" hack/write_asyncapi.py "$service" > "services/$service/contracts/asyncapi.yaml"
done
