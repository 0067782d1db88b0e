#!/usr/bin/env bash
# Builds a Go program into the cache, unless it is there, and prints its path.
# ESTIMATE, if set, tells how long that takes on 2 cores where Go has none of its packages; BUILD_TAGS are Go's, separated by commas.
# usage: build-go-program.sh NAME PACKAGE@VERSION                    a published program
#        build-go-program.sh NAME PACKAGE MODULE_FOLDER [LDFLAGS]    a package that the go.mod of a folder pins
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

name=$1 package=$2 module=${3:-} ldflags="-s -w ${4:-}"
key=$(text_key "$package" "$ldflags" "$([[ -z $module ]] || content_key "$module")" ${BUILD_TAGS:+"$BUILD_TAGS"})
program=$FLEET_CACHE/programs/$name-$key

if [[ ! -x $program ]]; then
  if ! [[ $(GOTOOLCHAIN=local go version 2>&1) =~ go(1\.(2[1-9]|[3-9][0-9]|[1-9][0-9]{2})|[2-9]\.) ]]; then
    fail "$name is missing and there is no Go 1.21 or newer to build it" "Install $name, or Go 1.21 or newer (it fetches the toolchain it needs): https://go.dev/doc/install"
  fi
  say "Building $name${ESTIMATE:+ ($ESTIMATE at most)}"
  export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
  mkdir -p "${program%/*}"
  scratch=$(mktemp -d "$FLEET_CACHE/programs/partial-XXXXXX") # on the cache's file system, so that the last mv is a rename
  trap 'rm -rf "$scratch"' EXIT
  if [[ -n $module ]]; then
    go build -C "$module" -trimpath ${BUILD_TAGS:+-tags "$BUILD_TAGS"} -ldflags "$ldflags" -o "$scratch/program" "$package" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
  else
    GOBIN=$scratch/bin go install -trimpath -ldflags "$ldflags" "$package" 2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
    mv "$scratch"/bin/* "$scratch/program"
  fi
  mv "$scratch/program" "$program"
fi
echo "$program"
