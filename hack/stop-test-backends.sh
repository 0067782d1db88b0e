#!/usr/bin/env bash
# Removes the databases and brokers that hack/start-test-backends.sh started, with their data.
set -euo pipefail
cd "$(dirname "$0")/.."

docker compose --project-name fastapi-fleet-test --file compose.yaml --file compose.test.yaml --profile kafka \
  --progress quiet down --volumes --timeout 5
