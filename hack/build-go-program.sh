#!/usr/bin/env bash
# Builds a Go program into the cache, unless it is there, and prints its path.
# ESTIMATE, if set, tells how long that takes on 2 cores where Go has none of its packages.
# usage: build-go-program.sh NAME PACKAGE@VERSION                    a published program
#        build-go-program.sh NAME PACKAGE MODULE_FOLDER [LDFLAGS]    a package that the go.mod of a folder pins
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

name=$1 package=$2 module=${3:-} ldflags="-s -w ${4:-}"
key=$(text_key "$package" "$ldflags" "$([[ -z $module ]] || content_key "$module")")
program=$FLEET_CACHE/programs/$name-$key

if [[ ! -x $program ]]; then
  if ! command -v go >/dev/null; then
    fail "$name is missing and there is no Go to build it" "Install $name, or Go 1.21 or newer (it fetches the toolchain it needs): https://go.dev/doc/install"
  fi
  say "Building $name${ESTIMATE:+ ($ESTIMATE at most)}"
  export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  if [[ -n $module ]]; then
    go build -C "$module" -trimpath -ldflags "$ldflags" -o "$scratch/program" "$package" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
  else
    GOBIN=$scratch/bin go install -trimpath -ldflags "$ldflags" "$package" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
    mv "$scratch"/bin/* "$scratch/program"
  fi
  mkdir -p "$(dirname "$program")"
  mv "$scratch/program" "$program"
fi
echo "$program"
