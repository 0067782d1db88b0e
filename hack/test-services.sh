#!/usr/bin/env bash
# Runs the tests that need a real PostgreSQL and RabbitMQ: both services, and what lies in folders named integration elsewhere.
# Removes the backends after, unless they ran before.
set -euo pipefail
cd "$(dirname "$0")/.."

running=$(docker ps --quiet --filter label=com.docker.compose.project=fastapi-fleet-test 2>/dev/null || true)
backends=$(hack/start-test-backends.sh)
if [[ -z $running ]]; then trap hack/stop-test-backends.sh EXIT; fi
eval "$backends"

for member in operator services/kit; do
  mapfile -t folders < <(cd "$member" && find tests -type d -name integration | sort)
  if ((${#folders[@]})); then hack/run-tests.sh "$member" "${folders[@]}"; fi
done
hack/run-tests.sh services/users
hack/run-tests.sh services/orders
