#!/usr/bin/env bash
# Runs mypy over each member in a process of its own, because both services' packages are called app.
# usage: check-types.sh [FOLDER...]    all of them unless told
set -uo pipefail
cd "$(dirname "$0")/.." || exit
mypy=$PWD/.venv/bin/mypy

wanted=" $* " failed=0
check() { # FOLDER PATH...
  local paths=()
  if [[ $wanted != '  ' && $wanted != *" $1 "* ]]; then return; fi
  for path in "${@:2}"; do
    if [[ -n $(find "$1/$path" -name '*.py' -print -quit 2>/dev/null) ]]; then paths+=("$path"); fi
  done
  if ! (cd "$1" && "$mypy" --no-error-summary "${paths[@]}"); then
    echo "mypy failed in $1" >&2
    failed=1
  fi
}

check operator src tests
check services/kit src tests
check services/users app migrations tests
check services/orders app migrations tests
check bench .
check . hack tests/chart tests/command_line tests/e2e tests/services
check tests/faults .
exit "$failed"
