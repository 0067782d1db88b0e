#!/bin/bash
# Starts Kafka in KRaft mode; data folders that are empty are formatted first.
# The contract is that of the official image: KAFKA_NODE_ID is the property node.id, KAFKA_A__B is a_b, KAFKA_A___B is a-b;
# CLUSTER_ID, KAFKA_HEAP_OPTS, KAFKA_JVM_PERFORMANCE_OPTS and KAFKA_OPTS as there.
set -euo pipefail

properties=/opt/kafka/config/server.properties

write_properties() {
  local variable name
  while read -r variable; do
    case $variable in
      KAFKA_HEAP_OPTS | KAFKA_JVM_PERFORMANCE_OPTS | KAFKA_OPTS | KAFKA_VERSION) continue ;;
    esac
    name=${variable#KAFKA_}
    name=${name//___/-}
    name=${name//__/%}
    name=${name//_/.}
    name=${name//%/_}
    printf '%s=%s\n' "${name,,}" "${!variable}"
  done < <(compgen -e | grep '^KAFKA_') > "$properties"
}

run_java() { # MAIN_CLASS ARGUMENT...
  # shellcheck disable=SC2086 # the variables hold options
  exec java ${KAFKA_HEAP_OPTS:--Xms256m -Xmx1g} ${KAFKA_JVM_PERFORMANCE_OPTS:-} ${KAFKA_OPTS:-} \
    -Dlog4j2.configurationFile=/opt/kafka/log4j2.xml -cp '/opt/kafka/libs/*' "$@"
}

write_properties
if [[ ! -f ${KAFKA_LOG_DIRS%%,*}/meta.properties ]]; then
  (run_java kafka.tools.StorageTool format --ignore-formatted --cluster-id "$CLUSTER_ID" --config "$properties")
fi
run_java kafka.Kafka "$properties"
