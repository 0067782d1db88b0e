#!/usr/bin/env bash
# Runs a service from its source, with reload, on the databases and the broker of the tests, which go on running.
# usage: run-service.sh users|orders PORT
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

name=$1 port=$2
eval "$(hack/start-test-backends.sh)"
database=${name^^}_TEST_DATABASE_URL

export DATABASE_URL=${!database} RABBITMQ_URL=$TEST_RABBITMQ_URL USER_SERVICE_URL=${USER_SERVICE_URL:-http://localhost:8001}
export JWT_SECRET=${JWT_SECRET:-development-only-development-only}
export ADMIN_EMAIL=${ADMIN_EMAIL:-admin@example.com} ADMIN_PASSWORD=${ADMIN_PASSWORD:-admin-development}
export SERVICE_CLIENTS__ORDERS=${ORDERS_CLIENT_SECRET:-orders-development} SERVICE_CLIENT_SECRET=${ORDERS_CLIENT_SECRET:-orders-development}
export DEVELOPMENT_ENDPOINTS=${DEVELOPMENT_ENDPOINTS:-true}

say "$name answers on http://localhost:$port/docs; it stops with Ctrl-C, its backends with hack/stop-test-backends.sh"
python=$PWD/.venv/bin/python
cd "services/$name"
exec "$python" -m uvicorn app.main:app --port "$port" --reload --reload-dir app --reload-dir ../kit/src
