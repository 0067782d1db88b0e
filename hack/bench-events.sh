#!/usr/bin/env bash
# Runs bench/bench_events.py on the databases and the broker for tests, which it starts where they are not there.
# They are reached at the addresses of their containers: Docker's proxy behind the published ports would use 0.2 ms of
# CPU time for each event.
# usage: bench-events.sh [OPTION...]    see bench_events.py --help
set -euo pipefail
cd "$(dirname "$0")/.."

variables=$(hack/start-test-backends.sh)
eval "$variables"

direct() { # SERVICE PORT URL
  local container address
  container=$(docker ps --quiet --filter label=com.docker.compose.project=fastapi-fleet-test \
    --filter "label=com.docker.compose.service=$1")
  address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$container")
  sed -E "s#127\.0\.0\.1:[0-9]+#$address:$2#" <<<"$3"
}

USERS_TEST_DATABASE_URL=$(direct users-db 5432 "$USERS_TEST_DATABASE_URL")
ORDERS_TEST_DATABASE_URL=$(direct orders-db 5432 "$ORDERS_TEST_DATABASE_URL")
TEST_RABBITMQ_URL=$(direct rabbitmq 5672 "$TEST_RABBITMQ_URL")
TEST_RABBITMQ_MANAGEMENT_URL=$(direct rabbitmq 15672 "$TEST_RABBITMQ_MANAGEMENT_URL")
export USERS_TEST_DATABASE_URL ORDERS_TEST_DATABASE_URL TEST_RABBITMQ_URL TEST_RABBITMQ_MANAGEMENT_URL

exec python bench/bench_events.py "$@"
