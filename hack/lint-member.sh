#!/usr/bin/env bash
# Runs the checks of one member's Python code: format, rules, types, layers. usage: lint-member.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
export PATH=$PWD/.venv/bin:$PATH

say "Checking $1"
ruff format --check --quiet "$1"
ruff check --quiet "$1"
hack/check-types.sh "$1"
hack/check-imports.sh "$1" >/dev/null
