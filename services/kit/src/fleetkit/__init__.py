"""Plumbing for FastAPI services: settings, logs, health, metrics, database, events, HTTP client, errors.

It holds no domain word: what a service is about stays in the service.
"""
