#!/usr/bin/env bash
# Writes docs/reference/ from the API models, the rules and the command line.
set -euo pipefail
cd "$(dirname "$0")/.."
"${PYTHON:-.venv/bin/python}" hack/write_reference.py docs/reference
