#!/usr/bin/env bash
# Runs the tests that need real backends (PostgreSQL, RabbitMQ, Kafka): both services, and what lies in folders named integration
# elsewhere. Removes the backends after, unless they ran before. usage: test-services.sh [FOLDER...]    all of them unless told
set -euo pipefail
cd "$(dirname "$0")/.."

running=$(docker ps --quiet --filter label=com.docker.compose.project=fastapi-fleet-test 2>/dev/null || true)
backends=$(hack/start-test-backends.sh)
if [[ -z $running ]]; then trap hack/stop-test-backends.sh EXIT; fi
eval "$backends"

run_integration() { # FOLDER
  local folders
  mapfile -t folders < <(cd "$1" && find tests -type d -name integration | sort)
  if ((${#folders[@]})); then hack/run-tests.sh "$1" "${folders[@]}"; fi
}

if (($# == 0)); then set -- operator services/kit services/users services/orders tests/services; fi
for member in "$@"; do
  case $member in
    operator | services/kit) run_integration "$member" ;;
    *) hack/run-tests.sh "$member" ;;
  esac
done
