#!/usr/bin/env bash
# Kills, freezes and cuts off databases and brokers of its own under the running services. The sizes fit a test run;
# FAULTS_SCALE multiplies them. usage: test-faults.sh [PYTEST_OPTION...]
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

hack/setup-docker.sh
hack/setup-tools.sh compose
hack/write-image-names.sh >/dev/null

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
for server in USERS_DB ORDERS_DB STANDBY AMQP MANAGEMENT; do export "FAULTS_${server}_PORT=$(free_port)"; done
export USERS_DB_PASSWORD=users-faults ORDERS_DB_PASSWORD=orders-faults RABBITMQ_PASSWORD=fleet-faults

compose=(docker compose --project-name fastapi-fleet-faults --file compose.yaml --file compose.faults.yaml --progress quiet)
trap '"${compose[@]}" down --volumes --timeout 5' EXIT
say 'Starting PostgreSQL (two) and RabbitMQ to be broken'
"${compose[@]}" up --detach --wait users-db orders-db rabbitmq >&2

hack/run-tests.sh tests/faults "$@"
