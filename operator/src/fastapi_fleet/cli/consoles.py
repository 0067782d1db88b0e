"""Where commands write for people. Made anew for each use: tests and pipes put others in the place of the streams."""

from rich.console import Console


def answers() -> Console:
    """Standard output: what was asked for."""
    return Console(soft_wrap=True, highlight=False)


def remarks() -> Console:
    """Standard error: what else is to be known."""
    return Console(stderr=True, soft_wrap=True, highlight=False)
