#!/bin/bash
# Starts RabbitMQ as its own user, as the official image does.
set -euo pipefail

if [[ $1 == rabbitmq* && $(id -u) == 0 ]]; then
  chown -R rabbitmq:rabbitmq /var/lib/rabbitmq
  exec setpriv --reuid=rabbitmq --regid=rabbitmq --init-groups "$0" "$@"
fi
exec "$@"
