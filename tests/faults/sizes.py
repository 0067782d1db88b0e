"""How large the faults are: FAULTS_SCALE=1 fits every test run, 10 is what the services have to stand."""

import os

SCALE = int(os.environ.get("FAULTS_SCALE", "1"))
ORDERS_PER_SECOND = 20.0
OUTAGE_SECONDS = 6.0 * SCALE
PARTITION_SECONDS = 12.0 * SCALE
BROKER_KILLS = min(SCALE, 5)
