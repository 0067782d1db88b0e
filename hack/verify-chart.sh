#!/usr/bin/env bash
# Renders the chart with its defaults and with every value set, and checks rights, switches and refusals.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/cache.sh

hack/setup-tools.sh helm
"${PYTHON:-.venv/bin/python}" -m pytest --quiet tests/chart
