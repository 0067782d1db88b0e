#!/usr/bin/env bash
# Removes the databases and the broker that hack/start-test-backends.sh started, with their data.
set -euo pipefail
cd "$(dirname "$0")/.."

docker compose --project-name fastapi-fleet-test --file compose.yaml --file compose.test.yaml --progress quiet \
  down --volumes --timeout 5
