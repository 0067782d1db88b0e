#!/usr/bin/env bash
# Starts the databases and both brokers of compose.yaml for tests, on free ports, and prints how to reach them:
#   eval "$(hack/start-test-backends.sh)"
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

hack/setup-docker.sh
hack/setup-tools.sh compose
hack/write-image-names.sh kafka >/dev/null

compose=(docker compose --project-name fastapi-fleet-test --file compose.yaml --file compose.test.yaml)
export USERS_DB_PASSWORD=users-test ORDERS_DB_PASSWORD=orders-test RABBITMQ_PASSWORD=fleet-test

address() { "${compose[@]}" port "$1" "$2"; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Kafka tells its clients where it is, so its port is chosen before it starts.
running=$(address kafka 9094 2>/dev/null || true)
KAFKA_PORT=${running##*:}
export KAFKA_PORT=${KAFKA_PORT:-$(free_port)}

say 'Starting PostgreSQL (two), RabbitMQ and Kafka for tests'
"${compose[@]}" --progress quiet up --detach --wait users-db orders-db rabbitmq kafka >&2

cat <<VARIABLES
export USERS_TEST_DATABASE_URL=postgresql://users:$USERS_DB_PASSWORD@$(address users-db 5432)/users
export ORDERS_TEST_DATABASE_URL=postgresql://orders:$ORDERS_DB_PASSWORD@$(address orders-db 5432)/orders
export TEST_RABBITMQ_URL=amqp://fleet:$RABBITMQ_PASSWORD@$(address rabbitmq 5672)/%2F
export TEST_RABBITMQ_MANAGEMENT_URL=http://fleet:$RABBITMQ_PASSWORD@$(address rabbitmq 15672)
export TEST_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:$KAFKA_PORT
VARIABLES
