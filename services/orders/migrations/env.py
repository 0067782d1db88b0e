from app.models.tables import metadata
from fleetkit.migrations import run_environment

run_environment(metadata)
