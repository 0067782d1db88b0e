# shellcheck shell=bash disable=SC2034
# What the node image is built of. Kubernetes stays at 1.34: 1.35 refuses hosts with cgroup v1.
KUBERNETES_VERSION=v1.34.4
ETCD_VERSION=3.6.4
COREDNS_VERSION=v1.12.4
PAUSE_VERSION=3.10
LOCAL_PATH_VERSION=v0.0.30
