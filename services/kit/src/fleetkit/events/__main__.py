"""`python -m fleetkit.events`: see `fleetkit.events.command`."""

import sys

from fleetkit.events.command import main

sys.exit(main())
