#!/usr/bin/env bash
# Holds each member to the layers that its .importlinter states. usage: check-imports.sh [FOLDER...]    all of them unless told
set -euo pipefail
cd "$(dirname "$0")/.."
lint_imports=$PWD/.venv/bin/lint-imports

if (($# == 0)); then set -- operator services; fi
find "$@" -name .importlinter -not -path '*/.venv/*' -printf '%h\n' | sort | while read -r member; do
  (cd "$member" && "$lint_imports" --no-cache) || { echo "import contracts broken in $member" >&2; exit 1; }
done
