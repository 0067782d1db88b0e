#!/usr/bin/env bash
# Starts all of compose.yaml on free ports, plays the story against it and removes it.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

compose=(docker compose --project-name fastapi-fleet-compose-test --file compose.yaml --progress quiet)
export USERS_PORT=0 ORDERS_PORT=0 RABBITMQ_MANAGEMENT_PORT=0 MAILPIT_PORT=0 DEVELOPMENT_ENDPOINTS=true

finish() {
  local status=$?
  if ((status)); then "${compose[@]}" ps --all >&2; "${compose[@]}" logs --no-color --tail 40 >&2; fi
  "${compose[@]}" down --volumes --timeout 5
  exit "$status"
}
trap finish EXIT

say 'Starting compose.yaml on free ports'
"${compose[@]}" up --detach --wait --wait-timeout 180
hack/check-story.sh "http://$("${compose[@]}" port users 8000)" "http://$("${compose[@]}" port orders 8000)" \
  "http://$("${compose[@]}" port mailpit 8025)"
management=$("${compose[@]}" port rabbitmq 15672)
curl --silent --show-error --fail --max-time 10 --output /dev/null "http://$management/"
say 'ok: the management page of RabbitMQ answers'
