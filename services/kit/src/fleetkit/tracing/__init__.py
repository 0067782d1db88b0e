"""Traces by OpenTelemetry where a collector is named, and nothing of their cost where none is."""
