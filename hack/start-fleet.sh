#!/usr/bin/env bash
# From nothing to both services on a kind cluster; run again, it changes what changed and nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh
source hack/node-image/versions.sh
source hack/lib/images.sh

hack/setup-docker.sh
registry=$(hack/detect-registry.sh)
has_cluster() { docker container inspect fastapi-fleet-control-plane >/dev/null 2>&1; }
if [[ $registry == no ]] && ! has_cluster && ! is_built "$(node_image)"; then
  say 'No image registry: the first run builds Kubernetes, its tools and the base images from source: 20 to 30 minutes on 2 cores.'
fi
hack/setup-tools.sh kind kubectl helm
hack/create-cluster.sh
hack/install-metrics-server.sh

images=$(hack/build-images.sh)
image() { sed -n "s/^$1=//p" <<< "$images"; }
names=$(hack/write-image-names.sh)
eval "$names"
loaded=("$(image operator)" "$(image users)" "$(image orders)")
if [[ $POSTGRES_IMAGE == localhost/* ]]; then loaded+=("$POSTGRES_IMAGE" "$RABBITMQ_IMAGE"); fi
hack/load-images.sh "${loaded[@]}"

kubectl --context kind-fastapi-fleet apply --server-side --filename hack/cluster/namespaces.yaml >/dev/null
hack/install-operator.sh "$(image operator)"
hack/deploy-services.sh "$(image users)" "$(image orders)" "$POSTGRES_IMAGE" "$RABBITMQ_IMAGE"
hack/wait-ready.sh 300 fleetplatform/default fastapiservice/users fastapiservice/orders
hack/wait-answering.sh 60 http://localhost:8001/health/ready http://localhost:8002/health/ready
hack/print-addresses.sh
