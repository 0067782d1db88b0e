#!/usr/bin/env bash
# Runs those fault tests of calls between services that are part of the members' own suites; FAULTS_SCALE is their size.
set -euo pipefail
cd "$(dirname "$0")/.."

running=$(docker ps --quiet --filter label=com.docker.compose.project=fastapi-fleet-test 2>/dev/null || true)
backends=$(hack/start-test-backends.sh)
if [[ -z $running ]]; then trap hack/stop-test-backends.sh EXIT; fi
eval "$backends"

hack/run-tests.sh services/orders tests/integration/test_users_outages.py
hack/run-tests.sh services/kit tests/integration/test_cancellation_churn.py
