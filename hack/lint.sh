#!/usr/bin/env bash
# Runs every static check, all of them even when one fails, and names the ones that failed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
source hack/lib/progress.sh
source hack/lib/cache.sh
export PATH=$PWD/.venv/bin:$PATH

failed=()
check() { # NAME COMMAND...
  local log
  log=$(mktemp)
  if "${@:2}" >"$log" 2>&1; then
    say "ok: $1"
  else
    say "FAILED: $1"
    cat "$log" >&2
    failed+=("$1")
  fi
  rm "$log"
}

hack/setup-tools.sh helm || exit
check 'ruff format' ruff format --check .
check 'ruff check' ruff check .
check 'mypy' hack/check-types.sh
check 'import-linter' hack/check-imports.sh
for script in hack/verify-*.sh; do check "${script#hack/}" "$script"; done
check 'shellcheck' hack/check-shell.sh
check 'helm lint' hack/check-chart.sh

if ((${#failed[@]})); then fail "failed: ${failed[*]}" 'The output above says where.'; fi
