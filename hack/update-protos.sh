#!/usr/bin/env bash
# Writes the Python code of every .proto of the contracts: for its owner, and for each service that calls it.
# usage: update-protos.sh [ROOT]    ROOT defaults to the repository
set -euo pipefail
cd "$(dirname "$0")/.."
root=${1:-.}
python=${PYTHON:-.venv/bin/python}
export PATH=$PWD/.venv/bin:$PATH # protoc looks its plugins up there

generate() { # CONTRACTS PROTO FOLDER
  local target=$root/$3
  rm -rf "$target"
  mkdir -p "$target"
  "$python" -m grpc_tools.protoc --proto_path="$1" --python_out="$target" --grpc_python_out="$target" \
    --mypy_out=quiet:"$target" --mypy_grpc_out=quiet:"$target" "$2"
  find "$target" -type d -exec touch '{}/__init__.py' ';'
  # protoc imports by the path of the .proto, which is not where the code lies.
  local package
  package=$(dirname "$2" | tr / .)
  find "$target" -name '*_grpc.py*' -exec sed -i "s/^from ${package//./\\.} import/from . import/" '{}' +
}

generate services/users/contracts/proto users/v1/users.proto services/users/app/grpc_api/generated
generate services/users/contracts/proto users/v1/users.proto services/orders/app/clients/generated
