#!/usr/bin/env bash
# Makes .venv hold what requirements.lock pins, hash-verified, and the project's own distributions; does nothing when it does.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
unset VIRTUAL_ENV CONDA_PREFIX # else uv works on the environment that the caller has active

members=(operator services/kit)
stamp=.venv/.installed
key=$(text_key "$(python3 --version 2>&1)" "$(content_key requirements.lock "${members[@]/%//pyproject.toml}")")
if [[ -f $stamp && $(< "$stamp") == "$key" ]]; then exit; fi

if ! python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  fail 'Python 3.11 or newer with its venv module is missing' 'On Debian: apt-get install python3 python3-venv'
fi

# The lock's own lines for uv, so that the installer is verified by the hashes that it then verifies the rest by.
locked_uv() { awk '/^uv==/ {inside = 1} inside {print} inside && !/\\$/ {exit}' requirements.lock; }

uv_folder=$FLEET_CACHE/uv/$(text_key "$(locked_uv)")
uv=$uv_folder/bin/uv
if [[ ! -x $uv ]]; then
  say 'Installing uv'
  rm -rf "$uv_folder"
  python3 -m venv "$uv_folder"
  "$uv_folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement <(locked_uv)
fi
ln -sf "$uv" "$FLEET_CACHE/bin/uv"

say 'Installing the Python packages of requirements.lock into .venv (15 s)'
if [[ ! -x .venv/bin/python ]]; then "$uv" venv --quiet --python "$(command -v python3)" .venv; fi
"$uv" pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation "${members[@]/#/--editable=}"
echo "$key" > "$stamp"
