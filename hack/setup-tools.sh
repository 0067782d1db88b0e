#!/usr/bin/env bash
# Makes tools available: the machine's own where they are fit, else built from Go modules into the cache.
# usage: setup-tools.sh compose|kind|kubectl|helm|promtool...
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/lib/versions.sh
source hack/node-image/versions.sh

has_compose() { [[ $(docker compose version --short 2>&1) =~ ^v?(2\.(2[4-9]|[3-9][0-9])|[3-9]\.|[1-9][0-9]) ]]; }
has_kind() { [[ $(kind version --quiet 2>&1) =~ 0\.(3[0-9]|[4-9][0-9]) ]]; }
has_kubectl() { [[ $(kubectl version --client 2>&1) =~ 'Client Version: v1.3'[3-9] ]]; }
has_helm() { [[ $(helm version --short 2>&1) =~ ^v(3\.1[4-9]|3\.[2-9][0-9]|4\.) ]]; }
has_promtool() { [[ $(promtool --version 2>&1) =~ ^promtool,\ version ]]; }

link() { ln -sf "$(hack/build-go-program.sh "$1" "${@:2}")" "$FLEET_CACHE/bin/$1"; }

setup_compose() {
  local plugins=${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins
  say "Docker Compose is missing or older than 2.24: installing $COMPOSE_VERSION to $plugins"
  mkdir -p "$plugins"
  install -m 755 "$(ESTIMATE='3 minutes' hack/build-go-program.sh docker-compose github.com/docker/compose/v2/cmd hack/tools/compose \
    "-X github.com/docker/compose/v2/internal.Version=$COMPOSE_VERSION")" "$plugins/docker-compose"
}
setup_kind() {
  say "kind is missing or older than 0.30: installing $KIND_VERSION"
  ESTIMATE='30 s' link kind "sigs.k8s.io/kind@$KIND_VERSION"
}
setup_kubectl() {
  local stamp=k8s.io/component-base/version
  say "kubectl is missing or does not fit Kubernetes $KUBERNETES_VERSION: installing it"
  ESTIMATE='3 minutes' link kubectl k8s.io/kubernetes/cmd/kubectl hack/node-image/kubernetes \
    "-X $stamp.gitVersion=$KUBERNETES_VERSION -X $stamp.gitMajor=1 -X $stamp.gitMinor=34"
}
setup_helm() {
  say "helm is missing or older than 3.14: installing $HELM_VERSION"
  ESTIMATE='4 minutes' link helm "helm.sh/helm/v3/cmd/helm@$HELM_VERSION"
}
# The service discoveries are left out: they are most of its size, and no rule needs one.
setup_promtool() {
  say 'promtool is missing: installing that of hack/tools/promtool'
  ESTIMATE='5 minutes' BUILD_TAGS=remove_all_sd link promtool github.com/prometheus/prometheus/cmd/promtool hack/tools/promtool
}

for tool in "$@"; do
  "has_$tool" || "setup_$tool"
done
