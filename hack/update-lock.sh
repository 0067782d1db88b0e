#!/usr/bin/env bash
# Writes requirements.lock: every dependency of every workspace member and of development, pinned with hashes, naming no host.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
"$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-emit-package fleetkit --no-emit-package fastapi-fleet-operator --custom-compile-command hack/update-lock.sh \
  operator/pyproject.toml services/kit/pyproject.toml services/users/pyproject.toml services/orders/pyproject.toml \
  --group pyproject.toml:dev --output-file requirements.lock "$@"
