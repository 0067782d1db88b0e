from fleetkit.events.tables import add_event_tables
from fleetkit.migrations import NAMING_CONVENTION, run_environment
from sqlalchemy import MetaData

metadata = MetaData(naming_convention=NAMING_CONVENTION)
add_event_tables(metadata)
run_environment(metadata)
