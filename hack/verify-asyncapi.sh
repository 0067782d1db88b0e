#!/usr/bin/env bash
# Fails when an AsyncAPI document differs from what it is made of, breaks AsyncAPI's schema, or refers to what is not there.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
for service in users orders; do
  diff --unified "services/$service/contracts/asyncapi.yaml" <("$python" hack/write_asyncapi.py "$service") || {
    echo "error: services/$service/contracts/asyncapi.yaml is stale; run hack/update-asyncapi.sh" >&2
    exit 1
  }
done
"$python" hack/check_asyncapi.py services/{users,orders}/contracts/asyncapi.yaml
