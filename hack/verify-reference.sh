#!/usr/bin/env bash
# Fails when a generated page of docs/reference/ differs from what it is made of.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"${PYTHON:-.venv/bin/python}" hack/write_reference.py "$fresh"
for page in "$fresh"/*.md; do
  diff --unified "docs/reference/${page##*/}" "$page" || {
    echo "error: docs/reference/${page##*/} is stale; run hack/update-reference.sh" >&2
    exit 1
  }
done
