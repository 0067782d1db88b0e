#!/bin/sh
# Makes a virtual environment with what the given files need, each package from requirements.lock and by its hash.
# For image builds, beside requirements.lock.
# usage: install-locked.sh VENV [--all-extras] PYPROJECT_OR_IN_FILE...    extras are had from pyproject.toml files only
set -eu
venv=$1
shift

# uv comes from the lock too: its hash is checked by pip, every other hash by uv.
if [ ! -d /uv ]; then
  awk '/^[^ #]/ {keep = /^uv==/} keep' requirements.lock > uv.txt
  python -m venv /uv
  /uv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r uv.txt
fi

/uv/bin/uv venv --quiet --python "$(command -v python)" "$venv"
# The resolver says which packages are needed; what is installed are their entries of the lock, and nothing without a hash.
echo fleetkit > workspace.txt
/uv/bin/uv pip compile --quiet --python "$venv" --no-sources --no-header --no-annotate \
  --excludes workspace.txt --constraints requirements.lock --output-file needed.txt "$@"
awk -F '[= ;]' '
  NR == FNR {needed[$1]; missing[$1]; next}
  /^[^ #]/ {keep = $1 in needed; delete missing[$1]}
  keep
  END {for (name in missing) {print name " is not in requirements.lock" > "/dev/stderr"; exit 1}}
' needed.txt requirements.lock > locked.txt
/uv/bin/uv pip install --quiet --python "$venv" --no-deps --require-hashes -r locked.txt
/uv/bin/uv pip check --quiet --python "$venv"
