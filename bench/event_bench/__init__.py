"""Measurements of events: how many a second, how late, and what that costs."""
