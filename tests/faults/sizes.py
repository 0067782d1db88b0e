"""How large the faults are: FAULTS_SCALE=1 fits every test run, 10 is what the services have to stand."""

from fleetkit.testing import fault_scale

SCALE = fault_scale()
ORDERS_PER_SECOND = 20.0
OUTAGE_SECONDS = 6.0 * SCALE
PARTITION_SECONDS = 12.0 * SCALE
BROKER_KILLS = min(SCALE, 5)
CONSUMER_KILLS = 2 * min(SCALE, 6)
EVENTS_BEFORE_KILL = 90  # fewer than a consumer has in hand at a time
EVENTS_WITH_POISON = 1000 * SCALE
MIN_SHARE_WITH_POISON = 0.8 if SCALE > 1 else 0.6  # of the rate without; a thousand events are too few to tell more
