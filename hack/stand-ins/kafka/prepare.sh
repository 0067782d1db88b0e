#!/usr/bin/env bash
# Puts the broker's libraries into the build context: Maven resolves pom.xml, and takes no file whose checksum is wrong.
# usage: prepare.sh CONTEXT
set -euo pipefail
cd "$(dirname "$0")/../../.."
source hack/lib/progress.sh

if ! command -v mvn >/dev/null; then
  if [[ $(id -u) != 0 || ! -f /etc/debian_version ]]; then
    fail 'no image registry answers, and the Kafka broker needs Maven' 'Install Maven, or give Docker access to a registry.'
  fi
  say 'Installing Maven (30 s)'
  hack/install-debian-packages.sh maven default-jre-headless
fi
say 'Fetching the Kafka broker by Maven (10 to 60 s)'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! mvn --batch-mode --strict-checksums --file hack/stand-ins/kafka/pom.xml \
  dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$1/libraries" >"$log" 2>&1; then
  cat "$log" >&2
  fail 'Maven could not fetch the Kafka broker' 'The lines above say why.'
fi
