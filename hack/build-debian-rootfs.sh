#!/usr/bin/env bash
# Builds a small root file system from Debian packages into the cache, unless it is there, and prints the path of its tar.
# usage: build-debian-rootfs.sh NAME SUITE PACKAGE,PACKAGE... [MMDEBSTRAP_OPTION...]
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

name=$1 suite=$2 packages=$3
key=$(text_key "$@" "$(content_key hack/build-debian-rootfs.sh)")
rootfs=$FLEET_CACHE/rootfs/$name-$key.tar

install_builder() {
  if command -v mmdebstrap >/dev/null; then return; fi
  if [[ $(id -u) != 0 || ! -f /etc/debian_version ]]; then
    fail 'no image registry answers, and images can be built only as root on Debian' \
      'Give Docker access to a registry, or run this as root on Debian 12 or newer.'
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends mmdebstrap >/dev/null 2>&1
}

if [[ ! -f $rootfs ]]; then
  install_builder
  say "Building the $name root file system from Debian $suite (30 to 90 s)"
  mkdir -p "$(dirname "$rootfs")"
  options=()
  for folder in doc man info locale lintian bash-completion; do options+=("--dpkgopt=path-exclude=/usr/share/$folder/*"); done
  mmdebstrap --quiet --variant=minbase --include="$packages" "${options[@]}" "${@:4}" "$suite" "$rootfs.partial.tar"
  mv "$rootfs.partial.tar" "$rootfs"
fi
echo "$rootfs"
