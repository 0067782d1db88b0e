#!/usr/bin/env bash
# Tests both services against real databases and a real broker.
set -euo pipefail
cd "$(dirname "$0")/.."

backends=$(hack/start-test-backends.sh)
trap hack/stop-test-backends.sh EXIT
eval "$backends"
hack/run-tests.sh services/users
hack/run-tests.sh services/orders
