#!/usr/bin/env bash
# Runs shellcheck over every script, found by its first line.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH

grep -rlE '^#!.*\b(ba)?sh$|^# shellcheck shell=' .ci services/*/.ci hack --exclude-dir=__pycache__ | xargs shellcheck --external-sources
