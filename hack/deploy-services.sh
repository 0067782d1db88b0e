#!/usr/bin/env bash
# Applies the platform, the two services and their node ports to the cluster, with the images that this machine has.
# usage: deploy-services.sh USERS_IMAGE ORDERS_IMAGE POSTGRES_IMAGE RABBITMQ_IMAGE
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh
source hack/lib/cache.sh

kubectl() { command kubectl --context kind-fastapi-fleet --namespace default "$@"; }

apply() { # FILE MERGE_PATCH
  kubectl patch --local --filename "$1" --type merge --patch "$2" --output json | kubectl apply --filename - >&2
}

say 'Applying the platform and the services'
apply hack/cluster/platform.yaml "{\"spec\": {\"postgres\": {\"image\": \"$3\"}, \"rabbitmq\": {\"image\": \"$4\"}}}"
apply services/users/fastapiservice.yaml "{\"spec\": {\"image\": \"$1\"}}"
apply services/orders/fastapiservice.yaml "{\"spec\": {\"image\": \"$2\"}}"
kubectl apply --filename hack/cluster/node-ports.yaml >&2
