"""The Kubernetes API: a client of plain dicts and a cache of what the watches saw."""
