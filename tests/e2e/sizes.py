"""How large the faults are: FAULTS_SCALE=1 fits every test run, 10 is what has to be stood."""

import os
from typing import Final

SCALE: Final = int(os.environ.get("FAULTS_SCALE", "1"))
REQUESTS_PER_SECOND: Final = min(40 * SCALE, 200)
ROLLOUTS: Final = 2 * SCALE
POD_KILLS: Final = 1 * SCALE
OPERATOR_KILLS: Final = 2 * min(SCALE, 5)
API_SERVER_KILLS: Final = min(SCALE, 3)
ROTATIONS: Final = min(2 * SCALE, 10)
REQUESTS_PER_SECOND_OF_ROTATIONS: Final = min(40 * SCALE, 100)
IDLE_SECONDS: Final = 20.0 * SCALE
DELETION_ORDERS: Final = 4 if SCALE == 1 else 24
