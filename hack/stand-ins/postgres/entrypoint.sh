#!/bin/bash
# Starts PostgreSQL; on an empty PGDATA first makes the cluster, user and database that POSTGRES_* ask for.
# The contract is that of the official image: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as *_FILE),
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD, PGDATA, /docker-entrypoint-initdb.d/*.{sql,sh}, arguments for the server.
set -euo pipefail

read_variable() { # NAME DEFAULT
  local file_variable=${1}_FILE
  if [[ -n ${!file_variable:-} ]]; then
    printf -v "$1" %s "$(< "${!file_variable}")"
  else
    printf -v "$1" %s "${!1:-$2}"
  fi
}

require_password() {
  if [[ -z $POSTGRES_PASSWORD && ${POSTGRES_HOST_AUTH_METHOD:-} != trust ]]; then
    echo 'error: POSTGRES_PASSWORD is not set and the database is not initialised' >&2
    exit 1
  fi
}

make_cluster() {
  # shellcheck disable=SC2086 # the variable holds options
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=trust \
    --pgdata="$PGDATA" ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >> "$PGDATA/pg_hba.conf"
}

run_sql() { psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" "$@"; }

run_initial_scripts() {
  local script
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sql) run_sql --dbname "$POSTGRES_DB" --file "$script" ;;
      *.sh) bash "$script" ;;
    esac
  done
}

# The server that prepares the data listens on its socket alone, so that nobody connects to a half-made database.
initialise() {
  read_variable POSTGRES_PASSWORD ''
  read_variable POSTGRES_USER postgres
  read_variable POSTGRES_DB "$POSTGRES_USER"
  require_password
  make_cluster
  pg_ctl --pgdata="$PGDATA" --wait --silent --options="-c listen_addresses=''" start
  if [[ $POSTGRES_DB != postgres ]]; then
    run_sql --dbname postgres --set database="$POSTGRES_DB" <<< 'CREATE DATABASE :"database";'
  fi
  run_initial_scripts
  pg_ctl --pgdata="$PGDATA" --wait --silent --mode=fast stop
}

if [[ ${1:-} == -* ]]; then set -- postgres "$@"; fi

if [[ $1 == postgres ]]; then
  if [[ $(id -u) == 0 ]]; then
    mkdir -p "$PGDATA"
    chown -R postgres:postgres "$PGDATA" /var/run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
  fi
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA" 2>/dev/null || true
  if [[ ! -s $PGDATA/PG_VERSION ]]; then initialise; fi
  unset POSTGRES_PASSWORD
fi
exec "$@"
