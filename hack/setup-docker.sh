#!/usr/bin/env bash
# Makes a Docker daemon answer: the running one, else Debian's, installed and started.
set -euo pipefail
cd "$(dirname "$0")/.."
source hack/lib/progress.sh

if docker info >/dev/null 2>&1; then exit; fi

require_root_on_debian() {
  if [[ $(id -u) != 0 ]]; then
    fail 'no Docker daemon answers' 'Start Docker (and let this user reach it), or run this as root on Debian to have it installed.'
  fi
  if [[ ! -f /etc/debian_version ]]; then
    fail 'no Docker daemon answers and this is not Debian' 'Install and start Docker: https://docs.docker.com/engine/install/'
  fi
}

install_engine() {
  say 'Installing the Docker engine from Debian packages (10 s)'
  hack/install-debian-packages.sh docker.io containerd runc iptables
}

# A container with --privileged asks for every capability; where the host itself lacks one, runc then fails.
runtime_options() {
  local cap_sys_resource=24 bounding
  bounding=$((16#$(awk '/^CapBnd/ {print $2}' /proc/self/status)))
  if (((bounding >> cap_sys_resource) & 1)); then return; fi
  install -m 755 hack/node-image/runc-capped /usr/local/sbin/runc-capped
  echo --add-runtime capped=/usr/local/sbin/runc-capped --default-runtime capped
}

start_engine() {
  say 'Starting the Docker daemon (log: /var/log/dockerd.log)'
  if [[ -d /run/systemd/system ]]; then
    systemctl start docker
  else
    # shellcheck disable=SC2046 # options are words
    setsid nohup dockerd $(runtime_options) </dev/null >/var/log/dockerd.log 2>&1 &
  fi
}

wait_for_engine() {
  for _ in $(seq 60); do
    if docker info >/dev/null 2>&1; then return; fi
    sleep 0.5
  done
  fail 'the Docker daemon does not answer after 30 s' 'Its log is /var/log/dockerd.log (or: journalctl -u docker).'
}

require_root_on_debian
for program in docker dockerd iptables runc; do
  if command -v "$program" >/dev/null; then continue; fi
  install_engine
  break
done
start_engine
wait_for_engine
