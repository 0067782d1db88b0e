#!/usr/bin/env bash
# Runs the tests of one member from its own folder: the services' packages are both called app.
# usage: run-tests.sh FOLDER [PYTEST_OPTION...]
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

python=$PWD/.venv/bin/python
say "Testing $1"
cd "$1"
exec "$python" -m pytest "${@:2}"
