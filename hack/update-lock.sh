#!/usr/bin/env bash
# Writes the lock: every dependency of every workspace member, of development and of the measurements, pinned with hashes, naming no host.
# usage: update-lock.sh [FILE] [OPTION...]    FILE defaults to requirements.lock; uv's option --upgrade moves the pins
set -euo pipefail
cd "$(dirname "$0")/.."
unset VIRTUAL_ENV CONDA_PREFIX # else uv asks the environment that the caller has active
lock=requirements.lock
if [[ ${1:-} == *.lock ]]; then lock=$1 && shift; fi

"${UV:-.venv/bin/uv}" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-emit-package fleetkit --no-emit-package fastapi-fleet-operator --custom-compile-command hack/update-lock.sh \
  --all-extras operator/pyproject.toml services/kit/pyproject.toml services/users/pyproject.toml services/orders/pyproject.toml \
  --group pyproject.toml:dev --group pyproject.toml:bench --group pyproject.toml:docs --output-file "$lock" "$@"
