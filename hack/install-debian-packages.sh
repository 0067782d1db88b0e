#!/usr/bin/env bash
# Installs Debian packages, quietly unless that fails. usage: install-debian-packages.sh PACKAGE...
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
  cat "$log" >&2
  fail "apt-get could not install $*" 'The lines above say why.'
fi
