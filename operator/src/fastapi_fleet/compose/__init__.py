"""From a Compose file to the YAML of a FleetPlatform and FastAPIServices. Pure: text in, objects and notes out."""
