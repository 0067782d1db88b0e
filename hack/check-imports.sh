#!/usr/bin/env bash
# Holds each member to the layers that its .importlinter states.
set -euo pipefail
cd "$(dirname "$0")/.."
lint_imports=$PWD/.venv/bin/lint-imports

find operator services -name .importlinter -not -path '*/.venv/*' -printf '%h\n' | sort | while read -r member; do
  (cd "$member" && "$lint_imports" --no-cache) || { echo "import contracts broken in $member" >&2; exit 1; }
done
