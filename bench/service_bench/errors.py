"""What ends a run."""


class MeasurementError(Exception):
    """The run cannot go on. The message is for the person who started it."""
