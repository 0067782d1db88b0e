#!/usr/bin/env bash
# Writes crds/ and the chart's copy of it from the API models.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
for folder in crds charts/fastapi-fleet/files/crds; do
  "$python" hack/write_crds.py "$folder"
done
