#!/usr/bin/env bash
# Fails when requirements.lock does not follow from the pyproject.toml files, or names a host.
set -euo pipefail
cd "$(dirname "$0")/.."

if grep -n '://' requirements.lock; then
  echo 'requirements.lock names a host: write it by make lock' >&2
  exit 1
fi
fresh=$(mktemp --suffix=.lock)
trap 'rm -f "$fresh"' EXIT
cp requirements.lock "$fresh"
hack/update-lock.sh "$fresh"
diff --unified requirements.lock "$fresh" || { echo 'requirements.lock is stale: write it by make lock' >&2; exit 1; }
